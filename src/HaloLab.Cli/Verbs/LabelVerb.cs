using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Azure.Identity;
using HaloLab.Cli.Progress;
using HaloLab.Displays;
using HaloLab.Distillation;
using HaloLab.Experiments;
using HaloLab.Scaling;
using HaloLab.ToyWorld;
using HaloLab.Videos;

namespace HaloLab.Cli.Verbs;

/// <summary><c>halolab label</c>: a teacher grades the patches of clips.</summary>
internal static class LabelVerb
{
    private const string Chat = "chat";
    private const string Local = "local";
    private const string Simulated = "simulated";
    private const string DefaultEndpoint = "https://api.openai.com/v1";

    // For the estimate of the time only: how fast such services write, and what a question takes before the first word.
    private const double TokensPerSecond = 60;
    private const double SecondsToFirstToken = 3;

    // Decoding a short clip, for the same; and a patch, looked at by a model of 7 billion weights on an accelerator.
    private const double SecondsPerClip = 0.3;
    private const double SecondsPerPatch = 1;

    private static readonly TeacherView View = new();
    private static readonly ChatTeacherOptions Defaults = new() { Api = ChatApi.OpenAi, Endpoint = new Uri(DefaultEndpoint), Model = "", Price = PriceTable.Shipped().Of("simulated"), Budget = 0 };

    public static Command Create()
    {
        LabelOptions options = new();
        Command command = options.Command;
        command.SetAction(async (parsed, cancellation) =>
        {
            string folder = parsed.GetValue(options.Out)!.FullName;
            PatchGrid grid = PatchGrid.Parse(parsed.GetValue(options.Grid)!);
            IReadOnlyList<PromptedClip> clips = PromptedClipFile.Read(parsed.GetValue(options.Clips)!.FullName, parsed.GetValue(options.Prompts)?.FullName);
            if (options.Part(parsed) is Shard shard)
            {
                // By prompts: clips of a prompt are compared, and the same clip is not graded twice.
                HashSet<string> prompts = [.. shard.Of([.. clips.Select(clip => clip.Prompt).Distinct()])];
                (folder, clips) = (Path.Combine(folder, "shards", shard.ToString()), [.. clips.Where(clip => prompts.Contains(clip.Prompt))]);
                if (clips.Count == 0)
                {
                    Console.Error.WriteLine($"There are fewer prompts than shards: nothing is left for {shard}.");
                    return ExitCode.Done;
                }
            }

            return parsed.GetValue(options.Teacher)! switch
            {
                Simulated when parsed.GetValue(options.Compare) || parsed.GetValue(options.DryRun) => throw new InputException("--compare and --dry-run are for a chat model: leave --teacher out."),
                Local => await LocalAsync(folder, grid, clips, options.ReadLocal(parsed, folder), cancellation),
                Simulated => await SimulatedAsync(folder, grid, clips, parsed.GetValue(options.Seed), cancellation),
                Chat when parsed.GetValue(options.DryRun) => await DryRunAsync(folder, grid, clips, options.Read(parsed, folder), parsed.GetValue(options.Compare), cancellation),
                Chat when parsed.GetValue(options.Compare) => await CompareAsync(folder, grid, clips, options.Read(parsed, folder), cancellation),
                Chat => await ChatAsync(folder, grid, clips, options.Read(parsed, folder), cancellation),
                string other => throw new InputException($"--teacher {other}: expected {Chat} (a chat model, asked over the network), {Local} (Qwen2-VL from a folder, in this process) or {Simulated} (the toy world's, in this process)."),
            };
        });
        return command;
    }

    private static async Task<int> SimulatedAsync(string folder, PatchGrid grid, IReadOnlyList<PromptedClip> clips, long seed, CancellationToken cancellation)
    {
        JsonObject settings = new() { ["teacher"] = Simulated, ["grid"] = grid.ToString(), ["seed"] = seed };
        using LabelRun run = LabelRun.Open(folder, grid, settings);
        LabelPlan plan = await Show("check clips", clips.Count * SecondsPerClip, advance => LabelRun.PlanAsync(clips, grid, null, advance, cancellation));
        LabelSummary summary = await Show("label", clips.Count * SecondsPerClip, advance => run.GradeAsync(plan, new SimulatedTeacher(seed), null, 1, done => advance((double)done / plan.Clips.Count), cancellation));
        return Report(folder, summary);
    }

    private static async Task<int> LocalAsync(string folder, PatchGrid grid, IReadOnlyList<PromptedClip> clips, (string Model, TeacherView View) options, CancellationToken cancellation)
    {
        using LocalTeacher teacher = new(options.Model, options.View, Path.Combine(folder, "answers"));
        JsonObject settings = new() { ["teacher"] = Local, ["grid"] = grid.ToString(), ["model"] = options.Model, ["snapshot"] = teacher.Snapshot };
        AddView(settings, options.View, LocalTeacher.Template);
        using LabelRun run = LabelRun.Open(folder, grid, settings);
        LabelPlan plan = await Show("check clips", clips.Count * SecondsPerClip, advance => LabelRun.PlanAsync(clips, grid, null, advance, cancellation));
        NameRefused(plan.Refused);
        int total = plan.Clips.Count * grid.Count;
        LabelSummary summary = await Show("label", total * SecondsPerPatch, advance =>
        {
            teacher.Answered += done => advance((double)done / total);
            return run.GradeAsync(plan, teacher, null, 1, _ => { }, cancellation);
        });
        return Report(folder, summary);
    }

    private static async Task<int> DryRunAsync(string folder, PatchGrid grid, IReadOnlyList<PromptedClip> clips, ChatTeacherOptions options, bool compares, CancellationToken cancellation)
    {
        string ledgerPath = Path.Combine(folder, LabelRun.LedgerFile);
        DirectoryInfo? temporary = File.Exists(ledgerPath) ? null : Directory.CreateTempSubdirectory("halolab-dry-run");
        try
        {
            await using RequestLedger ledger = RequestLedger.Open(temporary is null ? ledgerPath : Path.Combine(temporary.FullName, LabelRun.LedgerFile), options.Budget);
            if (compares)
            {
                using PairTeacher pairs = new(options, ledger);
                PairPlan comparison = await Show("check clips", clips.Count * SecondsPerClip, advance => LabelRun.PlanPairsAsync(clips, grid, pairs, advance, cancellation));
                Console.WriteLine(Describe(comparison, options, ledger.Spent));
                return ExitCode.Done;
            }

            using ChatTeacher teacher = new(options, ledger);
            LabelPlan plan = await Show("check clips", clips.Count * SecondsPerClip, advance => LabelRun.PlanAsync(clips, grid, teacher, advance, cancellation));
            Console.WriteLine(Describe(plan, options, ledger.Spent));
            return ExitCode.Done;
        }
        finally
        {
            temporary?.Delete(recursive: true);
        }
    }

    private static async Task<int> ChatAsync(string folder, PatchGrid grid, IReadOnlyList<PromptedClip> clips, ChatTeacherOptions options, CancellationToken cancellation)
    {
        options.Validate();
        using LabelRun run = LabelRun.Open(folder, grid, Settings(options, grid, ChatTeacher.TemplateOf(options.View.Patches)));
        await using RequestLedger ledger = RequestLedger.Open(Path.Combine(folder, LabelRun.LedgerFile), options.Budget);
        using ChatTeacher teacher = new(options, ledger);
        LabelPlan plan = await Show("check clips", clips.Count * SecondsPerClip, advance => LabelRun.PlanAsync(clips, grid, teacher, advance, cancellation));
        Console.Error.WriteLine(Describe(plan, options, ledger.Spent));
        NameRefused(plan.Refused);

        int total = Math.Max(1, plan.Stored + plan.Outstanding.Requests);
        LabelSummary summary = await Show("label", Seconds(plan.Outstanding, options), advance =>
        {
            teacher.Answered += done => advance((double)done / total);
            return run.GradeAsync(plan, teacher, ledger, options.InFlight, _ => { }, cancellation);
        });
        return Report(folder, summary);
    }

    private static async Task<int> CompareAsync(string folder, PatchGrid grid, IReadOnlyList<PromptedClip> clips, ChatTeacherOptions options, CancellationToken cancellation)
    {
        options.Validate();
        using LabelRun run = LabelRun.Open(folder, grid, Settings(options, grid, PairTeacher.Template));
        await using RequestLedger ledger = RequestLedger.Open(Path.Combine(folder, LabelRun.LedgerFile), options.Budget);
        using PairTeacher teacher = new(options, ledger);
        PairPlan plan = await Show("check clips", clips.Count * SecondsPerClip, advance => LabelRun.PlanPairsAsync(clips, grid, teacher, advance, cancellation));
        Console.Error.WriteLine(Describe(plan, options, ledger.Spent));
        NameRefused(plan.Refused);
        int total = Math.Max(1, plan.Stored + plan.Outstanding.Requests);
        PairSummary summary = await Show("compare", Seconds(plan.Outstanding, options), advance =>
        {
            teacher.Answered += done => advance((double)done / total);
            return run.CompareAsync(plan, teacher, ledger, options.InFlight, cancellation);
        });
        int inconsistent = summary.Orders.Sum(order => order.Inconsistent);
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{summary.Pairs} pairs: {summary.Labels} comparisons, {inconsistent} of them ties because the answer changed with the order, {summary.Refused} refused. Charged in this folder: {summary.Dollars:0.0000} dollars."));
        RequireWhole(folder, summary.IsWhole, summary.Unanswered);
        Console.WriteLine(Path.Combine(folder, LabelRun.ComparisonsFile));
        return ExitCode.Done;
    }

    private static JsonObject Settings(ChatTeacherOptions options, PatchGrid grid, PromptTemplateName template)
    {
        JsonObject settings = new()
        {
            ["teacher"] = Chat,
            ["grid"] = grid.ToString(),
            ["seed"] = options.Seed,
            ["api"] = options.Api.ToString(),
            ["endpoint"] = options.Endpoint.AbsoluteUri,
            ["model"] = options.Model,
            ["temperature"] = options.Temperature,
            ["view"] = options.View.Patches.ToString(),
            ["patchesPerRequest"] = options.View.PatchesPerRequest,
            ["highDetail"] = options.View.IsHighDetail,
            ["repeatShare"] = options.RepeatShare,
            ["duplicateShare"] = options.DuplicateShare,
        };
        AddView(settings, options.View, template);
        return settings;
    }

    private static void AddView(JsonObject settings, TeacherView view, PromptTemplateName template)
    {
        settings["template"] = template.Name;
        settings["templateHash"] = template.Hash;
        settings["contextFrames"] = view.ContextFrames;
        settings["cropsPerPatch"] = view.CropsPerPatch;
        settings["longestSide"] = view.LongestSide;
        settings["stride"] = string.Create(CultureInfo.InvariantCulture, $"{view.TemporalStride}x{view.SpatialStride}");
    }

    private static void NameRefused(IEnumerable<RefusedClip> clips)
    {
        foreach (RefusedClip refused in clips)
        {
            Console.Error.WriteLine($"Not sent: {refused.Path}: {refused.Problem}.");
        }
    }

    private static string Describe(LabelPlan plan, ChatTeacherOptions options, decimal spent) =>
        Describe(string.Create(CultureInfo.InvariantCulture, $"{plan.Clips.Count} clips to grade"), plan.Refused.Count, plan.Outstanding, plan.Stored, options, spent);

    private static string Describe(PairPlan plan, ChatTeacherOptions options, decimal spent) =>
        Describe(string.Create(CultureInfo.InvariantCulture, $"{plan.Pairs.Count} pairs to compare"), plan.Refused.Count, plan.Outstanding, plan.Stored, options, spent);

    private static string Describe(string work, int refused, RequestEstimate left, int stored, ChatTeacherOptions options, decimal spent)
    {
        double seconds = Seconds(left, options);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            {work}, {refused} clips not sent; {stored} requests are answered already, {left.Requests} are to be asked.
            Estimate: {left.InputTokens} tokens of questions, {left.OutputTokens} of answers: {left.Dollars:0.00} dollars (at most {left.MostDollars:0.00} if each is sent once) at the prices of '{options.Price.Model}' of {options.Price.AsOf:yyyy-MM-dd}; about {DisplayNumber.Duration(seconds)} with {options.InFlight} requests in flight.
            Spent so far: {spent:0.0000} of {options.Budget:0.00} dollars.
            """);
    }

    private static double Seconds(RequestEstimate left, ChatTeacherOptions options) => left.Requests == 0
        ? 0
        : Math.Ceiling((double)left.Requests / options.InFlight) * (SecondsToFirstToken + ((double)left.OutputTokens / left.Requests / TokensPerSecond));

    private static int Report(string folder, LabelSummary summary)
    {
        string counts = summary.Labels.Count == 0 ? "no labels" : string.Join(", ", summary.Labels.Select(count => string.Create(CultureInfo.InvariantCulture, $"{count.Value} {count.Key}")));
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{summary.Clips} clips: {counts}. Charged in this folder: {summary.Dollars:0.0000} dollars."));
        RequireWhole(folder, summary.IsWhole, summary.Unanswered);
        Console.WriteLine(Path.Combine(folder, LabelRun.LabelsFile));
        return ExitCode.Done;
    }

    private static void RequireWhole(string folder, bool isWhole, int unanswered)
    {
        if (!isWhole)
        {
            throw new InputException($"{unanswered} requests had no usable answer after all attempts ({Path.Combine(folder, LabelRun.ReportFile)} says how they ended). Run the same command again to ask them again.");
        }
    }

    /// <summary>Shows asynchronous work as a stage. What is told by many threads is drawn by one at a time.</summary>
    private static Task<T> Show<T>(string name, double expectedSeconds, Func<Action<double>, Task<T>> work) => Task.Run(() => RunDisplay.Show(progress =>
    {
        Lock drawing = new();
        Stopwatch watch = Stopwatch.StartNew();
        double furthest = 0;
        progress.StageStarted(name, null, expectedSeconds);
        T result = work(share =>
        {
            lock (drawing)
            {
                furthest = Math.Max(furthest, share);
                progress.StageAdvanced(name, furthest, furthest > 0 ? watch.Elapsed.TotalSeconds * (1 - furthest) / furthest : expectedSeconds);
            }
        }).GetAwaiter().GetResult();
        lock (drawing)
        {
            progress.StageFinished(new StageResult(name, "", "", "", watch.Elapsed.TotalSeconds, WasRead: false));
        }

        return result;
    }));

    /// <summary>The verb's options, and how they become those of the teacher.</summary>
    private sealed class LabelOptions
    {
        private readonly Option<string?> _endpoint = new("--endpoint") { Description = $"Azure: the resource's address. Else the base address of OpenAI or of a compatible server, default {DefaultEndpoint}. Default with a begun --out: its own." };
        private readonly Option<string?> _api = new("--api") { Description = "Address form: azure or openai. Default: azure for addresses in azure.com, else openai." };
        private readonly Option<bool> _identity = new("--azure-identity") { Description = "Azure: send tokens of this machine's or user's identity (Entra ID) instead of a key." };
        private readonly Option<string?> _model = new("--model") { Description = $"Model, or deployment with Azure; with --teacher {Local} Qwen2-VL's folder. Default with a begun --out: its own." };
        private readonly Option<string?> _pricedAs = new("--priced-as") { Description = "Model of the price table whose price holds. Default: the model's own." };
        private readonly Option<FileInfo?> _prices = new("--prices") { Description = "Price table, in the form of data/teacher/prices.json. Default: the one that ships." };
        private readonly Option<decimal?> _budget = new("--budget") { Description = "Dollars that may be spent in this folder in all, for example 25.00. Needed for everything that sends." };
        private readonly Option<bool> _replayOnly = new("--replay-only") { Description = "Send nothing: read every answer from the ledger, and fail where there is none." };
        private readonly Option<string> _view = new("--view") { Description = "How patches are shown: crops (each as its crops over time, after whole frames) or overlay (a numbered grid over the frames of their time segment).", DefaultValueFactory = _ => "crops" };
        private readonly Option<int> _patches = new("--patches-per-request") { Description = "Patches asked about at once.", DefaultValueFactory = _ => View.PatchesPerRequest };
        private readonly Option<int> _context = new("--context-frames") { Description = "Whole frames shown with the crops.", DefaultValueFactory = _ => View.ContextFrames };
        private readonly Option<int> _crops = new("--crops-per-patch") { Description = "Frames of a patch that are shown.", DefaultValueFactory = _ => View.CropsPerPatch };
        private readonly Option<int> _side = new("--longest-side") { Description = "Longer side of every picture in pixels.", DefaultValueFactory = _ => View.LongestSide };
        private readonly Option<bool> _high = new("--high-detail") { Description = "Let pictures be looked at in tiles of 512 pixels, at the price of tiles." };
        private readonly StrideOption _stride = new();
        private readonly Option<string> _temperature = new("--temperature") { Description = "0 to 2, or none to leave it out for models that refuse it.", DefaultValueFactory = _ => "0" };
        private readonly Option<double> _repeats = new("--repeat-share") { Description = "Share of clips graded twice to measure self-agreement.", DefaultValueFactory = _ => Defaults.RepeatShare };
        private readonly Option<double> _duplicates = new("--duplicate-share") { Description = "Share of requests in which one patch is hidden twice.", DefaultValueFactory = _ => Defaults.DuplicateShare };
        private readonly Option<int> _inFlight = new("--in-flight") { Description = "Requests in flight at most.", DefaultValueFactory = _ => Defaults.InFlight };
        private readonly Option<double> _timeout = new("--timeout") { Description = "Seconds for one attempt.", DefaultValueFactory = _ => Defaults.Timeout.TotalSeconds };
        private readonly ComputeOptions _compute = new(hasPrecision: true);
        private readonly ShardOption _shard = new("only label the clips of every N-th prompt from the I-th on (1 to N), into OUT/shards/I-of-N with an N-th part of the budget, so that N processes share the work; `halolab data import` takes the labels.jsonl of each.");
        private readonly Option<int> _attempts = new("--attempts") { Description = "Attempts at one request in a run.", DefaultValueFactory = _ => Defaults.Attempts };

        public LabelOptions()
        {
            Command = new Command("label", $"Let a teacher grade the patches of clips: labels.jsonl (goes on where it stopped; answers are kept and never paid for twice). The key comes from {ChatTeacherOptions.AzureKeyVariable} or {ChatTeacherOptions.OpenAiKeyVariable}, or from --azure-identity.");
            Command.Arguments.Add(Clips);
            foreach (Option option in (Option[])[Out, Grid, Prompts, Teacher, Seed, DryRun, Compare, _endpoint, _api, _identity, _model, _pricedAs, _prices, _budget, _replayOnly, _view, _patches, _context, _crops, _side, _high, _stride.Option, _temperature, _repeats, _duplicates, _inFlight, _timeout, _attempts, _shard.Option])
            {
                Command.Options.Add(option);
            }

            _compute.AddTo(Command);
        }

        public Command Command { get; }

        public Argument<DirectoryInfo> Clips { get; } = new("clips") { Description = "Folder of video files: one that `halolab generate` wrote, or any with --prompts." };

        public Option<DirectoryInfo> Out { get; } = new("--out") { Description = "Folder to write to.", DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("runs", "label")) };

        public Option<string> Grid { get; } = new("--grid") { Description = "Patches: time x height x width.", DefaultValueFactory = _ => "4x4x4" };

        public Option<FileInfo?> Prompts { get; } = new("--prompts") { Description = "Clips (relative to the folder) and their prompts: .jsonl or .csv with the fields clip and prompt. Default: the folder's manifest.json." };

        public Option<string> Teacher { get; } = new("--teacher") { Description = $"{Chat} (over the network), {Local} (Qwen2-VL from the folder --model, in this process) or {Simulated} (the toy world's, in this process).", DefaultValueFactory = _ => Chat };

        public Option<long> Seed { get; } = new("--seed") { Description = "Seed of every random number.", DefaultValueFactory = _ => 1 };

        public Option<bool> Compare { get; } = new("--compare") { Description = "Instead of grades: compare the patches of every two clips of a prompt, asked in both orders; answers that contradict each other are ties (comparisons.jsonl)." };

        public Option<bool> DryRun { get; } = new("--dry-run") { Description = "Only print how many requests, tokens, dollars and minutes it would take." };

        /// <summary>The part of the clips that is asked for; null for all.</summary>
        public Shard? Part(ParseResult parsed) => _shard.Read(parsed);

        /// <summary>Folder and view of a local teacher; sets device and threads.</summary>
        /// <exception cref="InputException">An option is given that is for a chat model.</exception>
        public (string Model, TeacherView View) ReadLocal(ParseResult parsed, string folder)
        {
            Option[] ofChat = [DryRun, Compare, Seed, _endpoint, _api, _identity, _pricedAs, _prices, _budget, _replayOnly, _patches, _high, _temperature, _repeats, _duplicates, _inFlight, _timeout, _attempts];
            Option? given = Array.Find(ofChat, option => parsed.GetResult(option) is { Implicit: false });
            if (given is not null)
            {
                throw new InputException($"{given.Name} is not for --teacher {Local}: that model runs here, is asked about one patch at a time and always chooses the likeliest grade.");
            }

            _compute.Use(parsed);
            string model = parsed.GetValue(_model) ?? (string?)LabelRun.Settings(folder)?["model"] ?? throw new InputException("--model is missing: expected the folder of Qwen2-VL, for example that of Qwen/Qwen2-VL-7B-Instruct.");
            return (model, ReadView(parsed));
        }

        public ChatTeacherOptions Read(ParseResult parsed, string folder)
        {
            JsonObject? begun = LabelRun.Settings(folder);
            string address = parsed.GetValue(_endpoint) ?? (string?)begun?["endpoint"] ?? DefaultEndpoint;
            if (!Uri.TryCreate(address, UriKind.Absolute, out Uri? endpoint))
            {
                throw new InputException($"--endpoint {address}: expected an address, for example {DefaultEndpoint}.");
            }

            ChatApi api = (parsed.GetValue(_api) ?? (string?)begun?["api"])?.ToUpperInvariant() switch
            {
                null => endpoint.Host.EndsWith(".azure.com", StringComparison.OrdinalIgnoreCase) ? ChatApi.Azure : ChatApi.OpenAi,
                "AZURE" => ChatApi.Azure,
                "OPENAI" => ChatApi.OpenAi,
                _ => throw new InputException($"--api {parsed.GetValue(_api)}: expected azure or openai."),
            };
            string model = parsed.GetValue(_model) ?? (string?)begun?["model"] ?? throw new InputException("--model is missing: expected the name of a model that the service has, or of a deployment with Azure.");
            PriceTable prices = parsed.GetValue(_prices) is { } file ? PriceTable.Read(file.FullName) : PriceTable.Shipped();
            bool sends = !parsed.GetValue(_replayOnly) && !parsed.GetValue(DryRun);
            bool identity = parsed.GetValue(_identity);
            if (sends && parsed.GetValue(_budget) is null)
            {
                throw new InputException("--budget is missing: expected the dollars that may be spent in all, for example 25.00. --dry-run says what to expect.");
            }

            return new ChatTeacherOptions
            {
                Api = api,
                Endpoint = endpoint,
                Model = model,
                Key = sends && !identity ? Environment.GetEnvironmentVariable(api == ChatApi.Azure ? ChatTeacherOptions.AzureKeyVariable : ChatTeacherOptions.OpenAiKeyVariable)?.Trim() : null,
                Identity = sends && identity ? new DefaultAzureCredential() : null,
                Price = prices.Of(parsed.GetValue(_pricedAs) ?? model),
                Budget = (parsed.GetValue(_budget) ?? 0) / (Part(parsed)?.Count ?? 1),
                View = ReadView(parsed),
                Temperature = Temperature(parsed.GetValue(_temperature)!),
                Seed = parsed.GetValue(Seed),
                RepeatShare = parsed.GetValue(_repeats),
                DuplicateShare = parsed.GetValue(_duplicates),
                InFlight = parsed.GetValue(_inFlight),
                Timeout = TimeSpan.FromSeconds(parsed.GetValue(_timeout)),
                Attempts = parsed.GetValue(_attempts),
                ReplayOnly = !sends,
            };
        }

        private TeacherView ReadView(ParseResult parsed)
        {
            (int frames, int pixels) = _stride.Read(parsed);
            return new TeacherView
            {
                Patches = parsed.GetValue(_view) switch
                {
                    "crops" => PatchView.Crops,
                    "overlay" => PatchView.Overlay,
                    string other => throw new InputException($"--view {other}: expected crops or overlay."),
                    null => throw new InputException("--view is empty: expected crops or overlay."),
                },
                PatchesPerRequest = parsed.GetValue(_patches),
                ContextFrames = parsed.GetValue(_context),
                CropsPerPatch = parsed.GetValue(_crops),
                LongestSide = parsed.GetValue(_side),
                IsHighDetail = parsed.GetValue(_high),
                SpatialStride = pixels,
                TemporalStride = frames,
            };
        }

        private static float? Temperature(string text) =>
            text == "none" ? null
            : float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float value) ? value
            : throw new InputException($"--temperature {text}: expected a number from 0 to 2, or none.");
    }
}
