using System.Globalization;
using System.Text;

namespace HaloLab.Notebooks.Scripting;

/// <summary>
/// The console of cells: what they print goes out in pieces, at most every 50 ms, and at most <c>limit</c> characters a cell (a note says where
/// it was cut); so a loop that prints without end costs neither memory nor the front end.
/// </summary>
internal sealed class CellWriter : TextWriter
{
    private const int PieceSize = 1 << 15;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);
    private readonly Lock _lock = new();
    private readonly StringBuilder _pending = new();
    private readonly Timer _timer;
    private readonly string _stream;
    private readonly Action<CellOutput> _emit;
    private readonly long _limit;
    private long _written;
    private bool _isCut;

    public CellWriter(string stream, long limit, Action<CellOutput> emit)
        : base(CultureInfo.InvariantCulture)
    {
        _stream = stream;
        _limit = limit;
        _emit = emit;
        _timer = new Timer(_ => Flush());
    }

    public override Encoding Encoding => Encoding.UTF8;

    /// <summary>A new cell begins: it may print as much as every other.</summary>
    public void BeginCell()
    {
        lock (_lock)
        {
            _written = 0;
            _isCut = false;
        }
    }

    public override void Write(char value) => Write([value]);

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(string? value) => Write(value.AsSpan());

    public override void WriteLine(string? value)
    {
        lock (_lock)
        {
            Write(value.AsSpan());
            Write("\n".AsSpan());
        }
    }

    public override void Write(ReadOnlySpan<char> buffer)
    {
        lock (_lock)
        {
            if (_isCut)
            {
                return;
            }

            long room = _limit - _written;
            bool isFirst = _pending.Length == 0;
            _isCut = buffer.Length > room;
            _pending.Append(_isCut ? buffer[..(int)room] : buffer);
            _written += buffer.Length;
            if (_isCut)
            {
                _pending.Append(CultureInfo.InvariantCulture, $"\n[cut off: this cell has printed more than {_limit:#,0} characters; the rest is not shown]\n");
            }

            if (_pending.Length >= PieceSize || _isCut)
            {
                FlushPending();
            }
            else if (isFirst)
            {
                _timer.Change(Interval, Timeout.InfiniteTimeSpan);
            }
        }
    }

    public override void Flush()
    {
        lock (_lock)
        {
            FlushPending();
        }
    }

    protected override void Dispose(bool disposing)
    {
        _timer.Dispose();
        base.Dispose(disposing);
    }

    private void FlushPending()
    {
        if (_pending.Length > 0)
        {
            string text = _pending.ToString();
            _pending.Clear();
            _emit(new StreamOutput(_stream, text));
        }
    }
}
