using System.Globalization;
using System.Text.Json;
using HaloLab.Annotation;
using HaloLab.Preferences.Labels;
using HaloLab.Tests.Displays;
using HaloLab.Tests.Videos;
using PuppeteerSharp;
using PuppeteerSharp.Input;

namespace HaloLab.Tests.Annotation;

/// <summary>The annotation page in a real browser, by keyboard and by mouse, and what the store holds afterwards.</summary>
public sealed class AnnotationPageTests : IAsyncDisposable
{
    private readonly AnnotationFolder _folder = new();
    private IBrowser? _browser;
    private IPage _page = null!;

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        await _folder.DisposeAsync();
    }

    [Fact]
    public async Task PatchesAreGradedByKeyboardAndByMouseAndEveryAnswerIsStoredAtOnce()
    {
        await OpenAsync(_folder.WithClips(2).Options("2x2x2", "anna") with { VideoDimensions = ["visual quality", "overall quality"] });
        Assert.DoesNotContain("token", _page.Url, StringComparison.Ordinal);
        Assert.True(await Is("document.getElementById('instructions').open"), "the instructions open at the first visit");
        await ScreenshotAsync("instructions");
        await Keys("Escape");

        // By keyboard alone: the first place, in all of the time, then one part of it.
        await Keys("Space", "2", "b");
        await StoredAsync(("0", 2, DefectType.Blurred), ("4", 2, DefectType.Blurred));
        await Keys("ArrowRight", "Escape", "]", "Space", "4");
        await StoredAsync(("0", 2, DefectType.Blurred), ("1", 4, null), ("4", 2, DefectType.Blurred));

        // A drag over the lower row, in both parts.
        await Keys("0");
        (decimal X, decimal Y) from = await Middle(2);
        (decimal X, decimal Y) to = await Middle(3);
        await _page.Mouse.MoveAsync(from.X, from.Y);
        await _page.Mouse.DownAsync();
        await _page.Mouse.MoveAsync(to.X, to.Y, new MoveOptions { Steps = 4 });
        await _page.Mouse.UpAsync();
        await Keys("1", "f");
        (string, int?, DefectType?)[] graded = [("0", 2, DefectType.Blurred), ("1", 4, null), ("4", 2, DefectType.Blurred)];
        await StoredAsync([.. graded, ("2", 1, DefectType.Flickering), ("3", 1, DefectType.Flickering), ("6", 1, DefectType.Flickering), ("7", 1, DefectType.Flickering)]);
        await ScreenshotAsync("grades");

        // Undo takes back the kind, then the grade.
        await Keys("z");
        await StoredAsync([.. graded, ("2", 1, null), ("3", 1, null), ("6", 1, null), ("7", 1, null)]);
        await Keys("z");
        await StoredAsync(graded);

        // A reload shows what is stored, and undo goes on where it was.
        await _page.ReloadAsync();
        await ReadyAsync();
        Assert.Equal("row 1, column 1: grade 2, blurred", await CellLabel(0));
        Assert.Equal("row 1, column 2: partly grade 4", await CellLabel(1));
        await Keys("z");
        await StoredAsync(("0", 2, DefectType.Blurred), ("4", 2, DefectType.Blurred));

        // Not done: the page says what is missing and stays.
        await Keys("Enter");
        Assert.Contains("6 patches have no answer yet", await Text("said"), StringComparison.Ordinal);

        // One key too many after the last question changes no patch.
        await Keys("r", "v", "4", "x", "1");
        Assert.Equal("G goes to the patches.", await Text("said"));
        await Keys("Enter");
        await UntilAsync("document.getElementById('progress-text').textContent.startsWith('1 of 2 done · this is number 2')");
        await UntilAsync("document.getElementById('saving').textContent.includes('All saved')");
        Label[] labels = _folder.Labels();
        Assert.Equal(10, labels.Length);
        Assert.Equal(6, labels.Count(label => label.Value == 5 && label.Defect == DefectType.None && label.Grid is not null));
        Assert.Equal(4, Assert.Single(labels, label => label.Dimension == "visual quality").Value);
        Assert.Equal(Unanswered.CannotTell, Assert.Single(labels, label => label.Dimension == "overall quality").Unanswered);
        Label first = labels[0];
        Assert.Equal(("anna", AnnotatorKind.Human, _folder.Study.Questionnaire.Hash, Questionnaire.Scale), (first.Annotator, first.AnnotatorKind, first.TemplateHash, first.Scale));
        Assert.Equal($"annotation {_folder.Study.Items("anna")[0].Id}", first.ResponseId);
        Assert.InRange(first.AnsweredAt!.Value, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow);
        using LabelStore store = LabelStore.Open(_folder.StorePath);
        Assert.All(store.Read(LabelQuery.All), stored => Assert.Equal($"annotation {_folder.Study.Key} by HaloLab {AnnotationServer.Version}", stored.Source));
        await ScreenshotAsync("next");
    }

    [Fact]
    public async Task WithoutAConnectionAnswersWaitInTheBrowserAndSurviveAReload()
    {
        await OpenAsync(_folder.WithClips(1).Options("1x2x2", "anna") with { VideoDimensions = ["overall quality"] });
        await Keys("Escape", "Space", "3");
        await StoredAsync(("0", 3, null));

        // The network goes away under the page.
        await _page.SetOfflineModeAsync(true);
        await Keys("ArrowRight", "Escape", "Space", "2", "d");
        await UntilAsync("document.getElementById('saving').textContent === 'No connection: 2 answers wait here'");
        await ScreenshotAsync("offline");
        await StoredAsync(("0", 3, null));
        await _page.SetOfflineModeAsync(false);
        await UntilAsync("document.getElementById('saving').textContent.includes('All saved')");
        await StoredAsync(("0", 3, null), ("1", 2, DefectType.Deformed));

        // The server goes away, an answer is given, and another server goes on behind the same link.
        int port = _folder.Server.Address.Port;
        await _folder.Server.DisposeAsync();
        await Keys("v", "1");
        await UntilAsync("document.getElementById('saving').textContent === 'No connection: 1 answer waits here'");
        await _folder.StartAsync(_folder.Study.Options, port);
        await _page.ReloadAsync();
        await ReadyAsync();
        await UntilAsync("document.getElementById('saving').textContent.includes('All saved')");
        Assert.Equal(1, Assert.Single(_folder.Labels(), label => label.Dimension == "overall quality").Value);
        Assert.Equal(3, _folder.Labels().Length);
    }

    [Fact]
    public async Task TwoVideosAreComparedAndSidesAreSortedOut()
    {
        // Both annotators see the same pairs; which is left is drawn for each.
        await OpenAsync(_folder.WithClips(1, perPrompt: 4).Options("1x2x2", "anna") with { Compares = true, PatchDimensions = ["local defect"] });
        await Keys("Escape");
        await UntilAsync("document.querySelectorAll('.clip').length === 2 && !document.querySelector('.loading')");
        await ScreenshotAsync("compare");
        int items = _folder.Study.Items("anna").Count;
        Assert.Equal(6, items);
        for (int i = 0; i < items; i++)
        {
            // Left everywhere; in the first patch the right one, in the others no difference.
            await Keys("Space", "b", "r", "v", "a", "Enter");
            if (i + 1 < items)
            {
                // Keys count once the videos are there.
                await UntilAsync($"document.getElementById('progress-text').textContent.startsWith('{i + 1} of 6 done · this is number {i + 2}') && !document.querySelector('.loading')");
            }
        }

        await UntilAsync("document.getElementById('said').textContent.startsWith('Everything is answered') && document.getElementById('saving').textContent.includes('All saved')");
        ILookup<string, Label> labels = _folder.Labels().ToLookup(label => label.ResponseId!);
        Assert.Equal(items, labels.Count);
        foreach (StudyItem item in _folder.Study.Items("anna"))
        {
            Label[] own = [.. labels[item.ResponseId]];
            Assert.Equal(5, own.Length);
            Assert.All(own, label => Assert.True(string.CompareOrdinal(label.Clip, label.OtherClip) < 0, "the clip with the lower hash is A"));
            bool leftIsA = own[0].Clip == item.Clips[0].Hash;
            Assert.Equal(leftIsA ? PairChoice.A : PairChoice.B, Assert.Single(own, label => label.Grid is null).Choice);
            Assert.Equal(leftIsA ? PairChoice.B : PairChoice.A, Assert.Single(own, label => label.Cell == 0).Choice);
            Assert.Equal(3, own.Count(label => label.Choice == PairChoice.Same));
            Assert.EndsWith(leftIsA ? " AB" : " BA", item.ResponseId, StringComparison.Ordinal);
        }

        Assert.Equal(2, _folder.Study.Items("anna").Select(item => item.IsSwapped).Distinct().Count());
    }

    [Fact]
    public async Task TrainingItemsComeFirstTellTheirAnswersAndAreNoLabels()
    {
        // An expert's answers to a clip of its own.
        string training = _folder.At("training.sqlite");
        StudyOptions options = _folder.WithClips(1).Options("1x1x2", "anna") with { VideoDimensions = ["overall quality"] };
        string known = await KnownAsync(training, options);
        await OpenAsync(options with { Training = training, TrainingVideos = _folder.At("known") });
        await Keys("Escape");
        Assert.Contains("Training", await Text("kind"), StringComparison.Ordinal);
        await Keys("Space", "2", "r", "v", "4");
        await UntilAsync("!document.getElementById('feedback').hidden");
        string feedback = await Text("feedback");
        Assert.Contains("1 of 3 answers differ", feedback, StringComparison.Ordinal);
        Assert.Contains("time 1, row 1, column 1: you say grade 2, known is grade 1, flickering", feedback, StringComparison.Ordinal);
        await ScreenshotAsync("training");
        await _page.FocusAsync("#next");
        await Keys("Enter");
        await UntilAsync("document.getElementById('kind').hidden");
        Label[] labels = _folder.Labels();
        Assert.Equal(3, labels.Length);
        Assert.All(labels, label => Assert.StartsWith("training: ", label.Dimension, StringComparison.Ordinal));
        Assert.All(labels, label => Assert.Equal(known, label.Clip));
    }

    [Fact]
    public async Task APromptIsTextWhateverItHolds()
    {
        const string Prompt = "<script>window.taken = 1</script><img src=x onerror=\"window.taken = 1\"> & \"quotes\"";
        await OpenAsync(_folder.WithClips(1, prompt: Prompt).Options("1x1x1", "simulated-1"));
        await Keys("Escape");
        Assert.Equal(Prompt, await Text("prompt"));
        Assert.True(await Is("window.taken === undefined"));
        Assert.False(await Is("document.getElementById('simulated').hidden"), "a simulated annotator is not labelled");

        // A script that got in all the same would not run.
        await _page.EvaluateExpressionAsync("document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.taken = 1' }))");
        Assert.True(await Is("window.taken === undefined"));
    }

    [Fact]
    public async Task EverythingIsReachedByTabHasANameAndShowsTheFocus()
    {
        await OpenAsync(_folder.WithClips(2).Options("2x2x2", "anna"));
        await Keys("Escape");
        HashSet<string> reached = [];
        for (int i = 0; i < 90; i++)
        {
            await Keys("Tab");
            string element = await _page.EvaluateExpressionAsync<string>("""
                (() => {
                  const one = document.activeElement;
                  if (!one || one === document.body) return "";
                  const name = one.getAttribute("aria-label") || one.textContent.trim() || one.labels?.[0]?.textContent.trim() || "";
                  const style = getComputedStyle(one), shows = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 || style.boxShadow.includes("255, 212, 0");
                  return `${one.tagName}|${name}|${shows}`;
                })()
                """);
            if (element.Length > 0)
            {
                Assert.EndsWith("|true", element, StringComparison.Ordinal);
                Assert.DoesNotContain("||", element, StringComparison.Ordinal);
                reached.Add(element);
            }
        }

        // One patch (the arrows reach the others), every enabled button, the box of the grid.
        int wanted = await _page.EvaluateExpressionAsync<int>("[...document.querySelectorAll('button, input')].filter(one => !one.disabled && one.offsetParent).length");
        Assert.Equal(wanted + 1, reached.Count + await _page.EvaluateExpressionAsync<int>("(() => { const names = [...document.querySelectorAll('button, input')].filter(one => !one.disabled && one.offsetParent).map(one => one.getAttribute('aria-label') || one.textContent.trim()); return names.length - new Set(names).size; })()"));

        // Light and dark both keep text readable: at least 4.5 to 1.
        foreach (string scheme in (string[])["light", "dark"])
        {
            await SchemeAsync(scheme);
            double contrast = await _page.EvaluateExpressionAsync<double>("""
                (() => {
                  const light = colour => { const [r, g, b] = colour.match(/[\d.]+/g).map(Number).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
                  const behind = one => { for (let e = one; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!c.startsWith("rgba(0, 0, 0, 0")) return c; } return "rgb(255, 255, 255)"; };
                  return Math.min(...[...document.querySelectorAll("button, p, legend, h1, h2, span")].filter(one => one.offsetParent && one.textContent.trim() && !one.disabled && !one.closest(".cell")).map(one => {
                    const [a, b] = [light(getComputedStyle(one).color), light(behind(one))].sort((x, y) => y - x);
                    return (a + 0.05) / (b + 0.05);
                  }));
                })()
                """);
            Assert.True(contrast >= 4.5, $"{scheme}: {contrast}");
        }
    }

    private async Task<string> KnownAsync(string store, StudyOptions options)
    {
        await using AnnotationFolder expert = new();
        expert.WithClips(3);
        Directory.CreateDirectory(_folder.At("known"));
        File.Copy(Path.Combine(expert.Clips, "2.png"), Path.Combine(_folder.At("known"), "2.png"));
        StudyClip clip = (await AnnotationStudy.ReadAsync(options with { Clips = expert.Clips, Prompts = Path.Combine(expert.Clips, "prompts.jsonl") }, _ => { }, TestContext.Current.CancellationToken)).Clips.Single(one => one.Name == "2.png");
        Label label = new() { Clip = clip.Hash, Prompt = clip.Prompt, Dimension = "local defect", Grid = options.Grid, Cell = 0, Value = 1, Scale = Questionnaire.Scale, Defect = DefectType.Flickering, Annotator = "expert", AnnotatorKind = AnnotatorKind.Human };
        using LabelStore labels = LabelStore.OpenOrCreate(store);
        labels.AddClips([new ClipFile(clip.Hash, clip.Name, clip.FileHash, clip.Prompt)]);
        labels.Append([label, label with { Cell = 1, Value = 5, Defect = DefectType.None }, label with { Grid = null, Cell = null, Dimension = "overall quality", Value = 4, Defect = null }], "an expert");
        return clip.Hash;
    }

    private async Task OpenAsync(StudyOptions options)
    {
        Ffmpeg.Require();
        string browser = Chromium.Require();
        await _folder.StartAsync(options);
        _browser = await Puppeteer.LaunchAsync(new LaunchOptions { ExecutablePath = browser, Headless = true, Args = Chromium.Arguments, DefaultViewport = new ViewPortOptions { Width = 1360, Height = 860 } });
        _page = await _browser.NewPageAsync();
        await SchemeAsync("light");
        await _page.GoToAsync(_folder.Server.LinkOf(options.Annotators[0]).AbsoluteUri);
        await ReadyAsync();
        await UntilAsync("document.getElementById('instructions').open");
    }

    private Task ReadyAsync() => UntilAsync("!document.getElementById('main').hidden && document.querySelector('canvas') && !document.querySelector('#clips .loading')");

    private Task SchemeAsync(string scheme) => _page.EmulateMediaFeaturesAsync([new MediaFeatureValue { MediaFeature = MediaFeature.PrefersColorScheme, Value = scheme }]);

    private async Task Keys(params string[] keys)
    {
        foreach (string key in keys)
        {
            await _page.Keyboard.PressAsync(key);
        }
    }

    private async Task UntilAsync(string expression) => await _page.WaitForFunctionAsync($"() => {expression}", new WaitForFunctionOptions { Timeout = 30_000 });

    private Task<bool> Is(string expression) => _page.EvaluateExpressionAsync<bool>(expression);

    private Task<string> Text(string id) => _page.EvaluateExpressionAsync<string>($"document.getElementById('{id}').textContent");

    private Task<string> CellLabel(int place) => _page.EvaluateExpressionAsync<string>($"document.querySelector('[data-place=\"{place}\"]').getAttribute('aria-label')");

    private async Task<(decimal X, decimal Y)> Middle(int place)
    {
        JsonElement box = await _page.EvaluateExpressionAsync<JsonElement>($"(() => {{ const box = document.querySelector('[data-place=\"{place}\"]').getBoundingClientRect(); return {{ x: box.x + box.width / 2, y: box.y + box.height / 2 }}; }})()");
        return (box.GetProperty("x").GetDecimal(), box.GetProperty("y").GetDecimal());
    }

    /// <summary>Waits until the store holds these patches, and nothing else of patches.</summary>
    private async Task StoredAsync(params (string Cell, int? Grade, DefectType? Defect)[] expected)
    {
        (string, int?, DefectType?)[] wanted = [.. expected.OrderBy(one => one.Cell, StringComparer.Ordinal)];
        (string, int?, DefectType?)[] found = [];
        for (int attempt = 0; attempt < 100; attempt++)
        {
            found = [.. _folder.Labels().Where(label => label.Cell is not null).Select(label => (label.Cell!.Value.ToString(CultureInfo.InvariantCulture), (int?)label.Value, label.Defect)).OrderBy(one => one.Item1, StringComparer.Ordinal)];
            if (found.SequenceEqual(wanted))
            {
                return;
            }

            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        Assert.Equal(wanted, found);
    }

    /// <summary>Pictures for people to look at, where HALOLAB_SCREENSHOTS names a folder.</summary>
    private async Task ScreenshotAsync(string name)
    {
        if (Environment.GetEnvironmentVariable("HALOLAB_SCREENSHOTS") is { Length: > 0 } folder)
        {
            Directory.CreateDirectory(folder);
            foreach (string scheme in (string[])["light", "dark"])
            {
                await SchemeAsync(scheme);
                await Task.Delay(300, TestContext.Current.CancellationToken);
                await _page.ScreenshotAsync(Path.Combine(folder, $"{name}-{scheme}.png"));
            }

            await SchemeAsync("light");
        }
    }
}
