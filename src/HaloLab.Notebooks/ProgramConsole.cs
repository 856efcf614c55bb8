using System.Text;
using HaloLab.Notebooks.Displays;

namespace HaloLab.Notebooks;

/// <summary>
/// The console of an exported notebook. It cannot replace what it has written, so a display waits until something else is written or the program ends, and is written once, as it
/// was updated to by then: where a notebook shows a curve that grew, the program has its end.
/// </summary>
internal sealed class ProgramConsole : TextWriter
{
    private readonly TextWriter _console;
    private readonly Lock _lock = new();
    private object? _owner;
    private Func<string>? _waiting;

    private ProgramConsole(TextWriter console) => _console = console;

    public override Encoding Encoding => _console.Encoding;

    /// <summary>Takes the place of the process's console.</summary>
    public static ProgramConsole Install()
    {
        ProgramConsole console = new(Console.Out);
        Console.SetOut(console);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => console.WriteWaiting();
        return console;
    }

    /// <summary>Shows text, and what it is updated to.</summary>
    public DisplayHandle Show(object? value, Func<object?, string> toText)
    {
        object owner = new();
        Wait(owner, () => toText(value));
        return new DisplayHandle("console", changed => Wait(owner, () => toText(changed)));
    }

    public override void Write(char value)
    {
        WriteWaiting();
        _console.Write(value);
    }

    public override void Write(string? value)
    {
        WriteWaiting();
        _console.Write(value);
    }

    public override void Write(char[] buffer, int index, int count)
    {
        WriteWaiting();
        _console.Write(buffer, index, count);
    }

    public override void Flush() => _console.Flush();

    private void Wait(object owner, Func<string> text)
    {
        lock (_lock)
        {
            if (_owner != owner)
            {
                WriteWaiting();
            }

            (_owner, _waiting) = (owner, text);
        }
    }

    private void WriteWaiting()
    {
        lock (_lock)
        {
            if (_waiting is { } text)
            {
                (_owner, _waiting) = (null, null);
                _console.WriteLine(text());
            }
        }
    }
}
