using HaloLab.Experiments;

namespace HaloLab.ToyWorld.Ablations;

/// <summary>
/// Makes one object of stages that are the same before anything is computed: those whose key in a run store is, with the keys of inputs in the place of their contents. What comes out the
/// same although it is made from other things is found by the store.
/// </summary>
internal sealed class SharedStages
{
    private readonly Dictionary<Stage, Stage> _shared = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, Stage> _byKey = [];
    private readonly Dictionary<Stage, string> _keys = new(ReferenceEqualityComparer.Instance);

    /// <summary>The object for a stage; its inputs are such, too.</summary>
    public Stage Of(Stage stage)
    {
        if (_shared.TryGetValue(stage, out Stage? known))
        {
            return known;
        }

        Stage[] inputs = [.. stage.Inputs.Distinct().Select(Of)];
        string key = RunStore.KeyOf(stage, inputs.ToDictionary(input => input.Name, input => _keys[input]));
        if (!_byKey.TryGetValue(key, out known))
        {
            known = stage with { Inputs = inputs };
            _byKey.Add(key, known);
            _keys.Add(known, key);
        }

        _shared.Add(stage, known);
        return known;
    }
}
