using System.Text.Json;
using HaloLab.Annotation;
using HaloLab.Preferences.Labels;
using HaloLab.Tests.ToyWorld;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.Tests.Annotation;

/// <summary>Toy clips with their prompts, a label store, and a server of the annotation page.</summary>
internal sealed class AnnotationFolder : IAsyncDisposable
{
    public const string Secret = "a secret of 25 characters";

    private readonly string _folder = Directory.CreateTempSubdirectory("halolab-annotation").FullName;
    private LabelStore? _store;

    public string Clips => Path.Combine(_folder, "clips");

    public string StorePath => Path.Combine(_folder, "labels.sqlite");

    public AnnotationServer Server { get; private set; } = null!;

    public AnnotationStudy Study { get; private set; } = null!;

    public LabelStore Store => _store ??= LabelStore.OpenOrCreate(StorePath);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public string At(string name) => Path.Combine(_folder, name);

    /// <summary>Writes damaged clips, <paramref name="perPrompt"/> of each caption.</summary>
    public AnnotationFolder WithClips(int captions, int perPrompt = 1, string? prompt = null)
    {
        Directory.CreateDirectory(Clips);
        List<string> lines = [];
        ToyCaption[] all = ToyClips.Captions(captions);
        for (int i = 0; i < captions * perPrompt; i++)
        {
            ToyCaption caption = all[i / perPrompt];
            string name = $"{i}.png";
            File.WriteAllBytes(Path.Combine(Clips, name), Apng.Encode(ToyClips.Damaged(caption, i).Clip));
            lines.Add(JsonSerializer.Serialize(new { clip = name, prompt = prompt ?? caption.ToString() }));
        }

        File.WriteAllLines(Path.Combine(Clips, "prompts.jsonl"), lines);
        return this;
    }

    public StudyOptions Options(string grid, params string[] annotators) => new()
    {
        Clips = Clips,
        Prompts = Path.Combine(Clips, "prompts.jsonl"),
        Grid = PatchGrid.Parse(grid),
        Annotators = annotators,
    };

    public async Task<AnnotationServer> StartAsync(StudyOptions options, int port = 0)
    {
        await ReadAsync(options);
        return Server = await AnnotationServer.StartAsync(Study, Store, new AnnotationServerOptions { Token = Secret, Port = port }, Cancellation);
    }

    public async Task ReadAsync(StudyOptions options) => Study = await AnnotationStudy.ReadAsync(options, _ => { }, Cancellation);

    public AnnotationClient Client(string annotator) => new(Server.Address, annotator, Server.TokenOf(annotator), TimeSpan.FromSeconds(5));

    /// <summary>Current labels that say something, read by another connection.</summary>
    public Label[] Labels()
    {
        using LabelStore store = LabelStore.Open(StorePath);
        return [.. store.Read(LabelQuery.All).Select(stored => stored.Label).Where(label => label.Unanswered != Unanswered.Withdrawn)];
    }

    public async ValueTask DisposeAsync()
    {
        if (Server is not null)
        {
            await Server.DisposeAsync();
        }

        _store?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
