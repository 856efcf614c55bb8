using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using HaloLab.Displays;
using HaloLab.Experiments;
using HaloLab.Notebooks.Displays;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Scripting;
using Microsoft.CodeAnalysis.Scripting;
using Microsoft.CodeAnalysis.Scripting.Hosting;

namespace HaloLab.Notebooks.Scripting;

/// <summary>
/// Runs cells of C# script one after the other; what one declares the next can use and redeclare. The kernel and the runner are two ways to feed
/// it. It takes over the console of the process while it lives. Cells run one at a time, all on one thread of their own (torch keeps its scopes and modes per
/// thread), until the runtime has had to stop one: the next runs on a new thread.
/// </summary>
public sealed class ScriptEngine : IDisposable
{
    /// <summary>Characters that one cell may print on each stream before the rest is cut off.</summary>
    public const long PrintLimit = 4_000_000;

    private static readonly string[] Imports = ["System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Text", "System.Threading", "System.Threading.Tasks"];
    private readonly Action<CellOutput> _emit;
    private readonly CellWriter _out;
    private readonly CellWriter _error;
    private readonly (TextWriter Out, TextWriter Error, TextReader In) _console;
    private readonly MetadataShadowCopyProvider _shadowCopies;
    private readonly InteractiveAssemblyLoader _loader;
    private readonly ScriptReferences _references;
    private readonly ScriptOptions _options;
    private readonly CellScope _scope;
    private readonly string _folder;
    private readonly bool _isLive;
    private readonly Dictionary<string, object?> _updated = [];
    private readonly Dictionary<string, string> _sources = [];
    private ScriptState<object>? _state;
    private CellInterruption? _interruption;
    private CellThread _thread = new();
    private int _displays;

    /// <param name="folder">The notebook's folder: relative paths of <c>#r</c> and <c>#load</c> begin there.</param>
    /// <param name="emit">Is given what cells show, on any thread.</param>
    /// <param name="printLimit">Characters that one cell may print on each stream.</param>
    /// <param name="isLive">Whether somebody watches. Where nobody does, an updated display is shown once more, when its cell ends, as it was last.</param>
    public ScriptEngine(string folder, Action<CellOutput> emit, long printLimit = PrintLimit, bool isLive = true)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(emit);
        _folder = Path.GetFullPath(folder);
        _emit = emit;
        _isLive = isLive;
        _out = new CellWriter(StreamOutput.StandardOutput, printLimit, emit);
        _error = new CellWriter(StreamOutput.StandardError, printLimit, emit);
        _references = new ScriptReferences(_folder, new PackageRestore(Tell), Tell);
        _options = MakeOptions(_folder, _references);
        _shadowCopies = new MetadataShadowCopyProvider(Path.GetTempPath(), [Path.GetDirectoryName(typeof(object).Assembly.Location)!, AppContext.BaseDirectory.TrimEnd('/')]);
        _loader = new InteractiveAssemblyLoader(_shadowCopies);
        _scope = new CellScope(this);
        Language = new ScriptLanguage(_options.WithMetadataResolver(_references.WithoutRestore()));
        _console = (Console.Out, Console.Error, Console.In);
        Console.SetOut(_out);
        Console.SetError(_error);
        Console.SetIn(new NoInput());
    }

    /// <summary>How values are shown.</summary>
    public DisplayFormatters Formatters { get; } = new();

    /// <summary>Completion and documentation over what has run so far.</summary>
    internal ScriptLanguage Language { get; }

    /// <summary>Cancelled when the running cell is to stop.</summary>
    internal CancellationToken InterruptToken => _interruption?.Token ?? CancellationToken.None;

    /// <summary>Runs a cell to its end and shows the value of its last expression. What it declared before it failed stays.</summary>
    /// <param name="code">C# script.</param>
    /// <param name="name">What errors call it, for example <c>cell 3</c>.</param>
    /// <returns>Null when it went well.</returns>
    public CellError? Run(string code, string name)
    {
        ArgumentNullException.ThrowIfNull(code);
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (_interruption is { HasStoppedThread: true })
        {
            _thread.Dispose();
            _thread = new CellThread();
        }

        return _thread.Run(() => RunHere(code, name));
    }

    /// <summary>Asks the running cell to stop; from any thread. Asked twice, it is stopped without grace.</summary>
    public void Interrupt() => Volatile.Read(ref _interruption)?.Request();

    /// <summary>The value of an expression in any form, without showing it: for Jupyter's user expressions.</summary>
    internal (MimeBundle? Value, CellError? Error) Evaluate(string expression)
    {
        if (_state is null)
        {
            return (null, CellError.Of("NotDefined", "No cell has run yet."));
        }

        try
        {
            return (_thread.Run(() => Formatters.Format(_state.ContinueWithAsync<object>(expression, WithoutReferences(_options)).GetAwaiter().GetResult().ReturnValue)), null);
        }
        catch (CompilationErrorException exception)
        {
            return (null, CellError.OfCompilation(exception.Diagnostics, _references.TakeAdvice()));
        }
        catch (Exception exception)
        {
            return (null, CellError.OfException(exception, Line));
        }
    }

    internal DisplayHandle Display(object? value)
    {
        string id = string.Create(CultureInfo.InvariantCulture, $"halolab-{Environment.ProcessId}-{Interlocked.Increment(ref _displays)}");
        Show(value, id, isUpdate: false);
        return new DisplayHandle(id, changed => Update(changed, id));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _thread.Dispose();
        FlushConsole();
        Console.SetOut(_console.Out);
        Console.SetError(_console.Error);
        Console.SetIn(_console.In);
        _out.Dispose();
        _error.Dispose();
        Language.Dispose();
        _loader.Dispose();
        _shadowCopies.Dispose();
    }

    /// <summary>The options under which cells compile, wherever that is done.</summary>
    internal static ScriptOptions MakeOptions(string folder, MetadataReferenceResolver references) => ScriptOptions.Default
        .WithReferences(HostAssemblies.Default)
        .WithMetadataResolver(references)
        .WithSourceResolver(ScriptSourceResolver.Default.WithBaseDirectory(folder))
        .WithImports(Imports)
        .WithLanguageVersion(LanguageVersion.Preview)
        .WithOptimizationLevel(OptimizationLevel.Release)
        .WithEmitDebugInformation(true)
        .WithFileEncoding(Encoding.UTF8);

    /// <summary>For the cells after the first: they have the references of those before, and would carry them twice.</summary>
    internal static ScriptOptions WithoutReferences(ScriptOptions options) => options.WithReferences(ImmutableArray<MetadataReference>.Empty);

    private CellError? RunHere(string code, string name)
    {
        _out.BeginCell();
        _error.BeginCell();
        Formatters.BeginCell(code);
        _sources[name] = code;
        CellInterruption interruption = new(() => Tell("The cell does not stop: it is in native code or holds on to its thread. Restart the kernel to get rid of it."));
        Volatile.Write(ref _interruption, interruption);
        Interruption.Token = interruption.Token;
        long begun = Stopwatch.GetTimestamp();
        try
        {
            CellSource source = CellSource.Parse(code);
            CellError? error = source.IsEmpty() ? null : Run(source, name, interruption);
            error = ShowUpdates() is { } failed ? error ?? failed : error;
            if (source.IsTimed)
            {
                _out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Wall time: {Stopwatch.GetElapsedTime(begun).TotalMilliseconds:f1} ms"));
            }

            return error;
        }
        catch (InputException exception)
        {
            return CellError.Of("UnknownDirective", exception.Message);
        }
        finally
        {
            interruption.End();
            FlushConsole();
        }
    }

    private CellError? Run(CellSource source, string name, CellInterruption interruption)
    {
        ScriptOptions options = _options.WithFilePath(Path.Combine(_folder, name));
        Script<object> script = _state is null
            ? CSharpScript.Create<object>(source.Code, options, typeof(CellScope), _loader)
            : _state.Script.ContinueWith<object>(source.Code, WithoutReferences(options));
        try
        {
            ImmutableArray<Diagnostic> diagnostics = script.Compile(interruption.Token);
            IReadOnlyList<string> advice = _references.TakeAdvice();
            if (diagnostics.Any(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error))
            {
                return CellError.OfCompilation(diagnostics, advice);
            }
        }
        catch (OperationCanceledException)
        {
            return CellError.Interrupted(wasAborted: false);
        }

        ScriptState<object>? state = null;
        Exception? failure = null;
        bool wasAborted = interruption.Run(() =>
        {
            // No synchronisation context: code that blocks on a task would wait for itself.
            try
            {
                Task<ScriptState<object>> running = _state is null ? script.RunAsync(_scope, _ => true) : script.RunFromAsync(_state, _ => true);
                state = running.GetAwaiter().GetResult();
                failure = state.Exception;
                if (failure is null && state.ReturnValue is { } value)
                {
                    MimeBundle result = Formatters.Format(value);
                    FlushConsole();
                    EmitPrelude();
                    _emit(new ResultOutput(result));
                }
            }
            catch (Exception exception) when (exception is not ThreadAbortException)
            {
                failure = exception;
            }
        });

        if (state is not null)
        {
            _state = state;
            Language.Add(source.Code);
        }

        return wasAborted || (failure is ThreadInterruptedException && interruption.WasRequested) ? CellError.Interrupted(wasAborted: true)
            : failure is OperationCanceledException && interruption.WasRequested ? CellError.Interrupted(wasAborted: false)
            : failure is not null ? CellError.OfException(failure, Line)
            : null;
    }

    private void Show(object? value, string id, bool isUpdate)
    {
        MimeBundle data = Formatters.Format(value);
        FlushConsole();
        EmitPrelude();
        _emit(new DisplayOutput(data, id, isUpdate));
    }

    private void EmitPrelude()
    {
        if (Formatters.TakePrelude() is { } prelude)
        {
            _emit(new DisplayOutput(prelude));
        }
    }

    private void Update(object? value, string id)
    {
        if (_isLive)
        {
            Show(value, id, isUpdate: true);
            return;
        }

        lock (_updated)
        {
            _updated[id] = value is IDisplay ? value : Formatters.Format(value);
        }
    }

    private CellError? ShowUpdates()
    {
        KeyValuePair<string, object?>[] updated;
        lock (_updated)
        {
            updated = [.. _updated];
            _updated.Clear();
        }

        try
        {
            foreach ((string id, object? value) in updated)
            {
                Show(value, id, isUpdate: true);
            }

            return null;
        }
        catch (Exception exception)
        {
            return CellError.OfException(exception, Line);
        }
    }

    /// <summary>The text of a line of a cell or of a script that one loaded; null where it cannot be had.</summary>
    private string? Line(string file, int number)
    {
        string? code = _sources.GetValueOrDefault(Path.GetFileName(file)) ?? (File.Exists(file) ? File.ReadAllText(file) : null);
        string[] lines = code?.Split('\n') ?? [];
        return number >= 1 && number <= lines.Length ? lines[number - 1].Trim() : null;
    }

    private void FlushConsole()
    {
        _out.Flush();
        _error.Flush();
    }

    private void Tell(string message) => _emit(new StreamOutput(StreamOutput.StandardError, message + "\n"));

    /// <summary>A notebook that waits for typed input could not run by itself.</summary>
    private sealed class NoInput : TextReader
    {
        private const string Message = "A notebook cannot ask for typed input. Put the value into a variable of a cell, best of the cell tagged 'parameters'.";

        public override int Read() => throw new InvalidOperationException(Message);

        public override int Peek() => throw new InvalidOperationException(Message);

        public override string? ReadLine() => throw new InvalidOperationException(Message);
    }
}
