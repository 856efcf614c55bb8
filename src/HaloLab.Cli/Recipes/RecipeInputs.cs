namespace HaloLab.Cli.Recipes;

/// <summary>What a recipe is given.</summary>
/// <param name="Model">Folder of the generator.</param>
/// <param name="Backbone">Video reward model that goes on, KIND:FOLDER.</param>
/// <param name="Prompts">File of the prompts that candidates are made of.</param>
/// <param name="TestPrompts">File of the prompts that models are judged by.</param>
/// <param name="Judges">Scorers beside the trained reward, or empty.</param>
/// <param name="Arms">What is tuned; the first is compared with the others.</param>
/// <param name="Seed">Seed of everything.</param>
/// <param name="Folder">Folder of the run.</param>
/// <param name="Changes">Options of steps that are not the recipe's, in order.</param>
internal sealed record RecipeInputs(
    string Model, string Backbone, string Prompts, string TestPrompts, string Judges, IReadOnlyList<string> Arms, long Seed, string Folder, IReadOnlyList<StepOption> Changes);
