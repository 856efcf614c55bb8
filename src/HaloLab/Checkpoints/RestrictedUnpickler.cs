using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;
using static TorchSharp.torch;

namespace HaloLab.Checkpoints;

/// <summary>
/// Reads the part of Python's pickle format (protocols 2 to 5, PEP 307 and PEP 3154) that checkpoints of tensors need. A pickle is a program; this
/// reader knows only the instructions that build plain values and containers, and of all functions a pickle may name only those that describe a
/// tensor, which it answers itself. Anything else is refused by name. Nothing is ever executed.
/// </summary>
/// <remarks>
/// Values come as <c>null</c>, <see cref="bool"/>, <see cref="long"/>, <see cref="BigInteger"/>, <see cref="double"/>, <see cref="string"/>,
/// <c>byte[]</c>, <see cref="List{T}"/> (list), <c>object?[]</c> (tuple), <see cref="PickledDictionary"/> and <see cref="StoredTensor"/>.
/// </remarks>
/// <param name="stream">Stands at the start of a pickle; afterwards behind it.</param>
/// <param name="source">The file, for messages.</param>
internal sealed class RestrictedUnpickler(Stream stream, string source)
{
    private const int LongestName = 1000;

    private static readonly Dictionary<string, object> Names = new()
    {
        ["collections.OrderedDict"] = Function.OrderedDict,
        ["torch._utils._rebuild_tensor"] = Function.RebuildTensor,
        ["torch._utils._rebuild_tensor_v2"] = Function.RebuildTensor,
        ["torch._utils._rebuild_parameter"] = Function.RebuildParameter,
        ["torch.DoubleStorage"] = ScalarType.Float64,
        ["torch.FloatStorage"] = ScalarType.Float32,
        ["torch.HalfStorage"] = ScalarType.Float16,
        ["torch.BFloat16Storage"] = ScalarType.BFloat16,
        ["torch.LongStorage"] = ScalarType.Int64,
        ["torch.IntStorage"] = ScalarType.Int32,
        ["torch.ShortStorage"] = ScalarType.Int16,
        ["torch.CharStorage"] = ScalarType.Int8,
        ["torch.ByteStorage"] = ScalarType.Byte,
        ["torch.BoolStorage"] = ScalarType.Bool,
    };

    private static readonly object Mark = new();

    private readonly List<object?> _stack = [];
    private readonly Dictionary<long, object?> _memo = [];

    private enum Function
    {
        OrderedDict,
        RebuildTensor,
        RebuildParameter,
    }

    /// <summary>Reads one pickle to its end.</summary>
    /// <exception cref="InputException">The pickle is damaged, or asks for something that is not known.</exception>
    public object? Read()
    {
        _stack.Clear();
        _memo.Clear();
        while (true)
        {
            byte instruction = ReadBytes(1)[0];
            switch (instruction)
            {
                case 0x80: // PROTO
                    int protocol = ReadBytes(1)[0];
                    if (protocol is < 2 or > 5)
                    {
                        throw Broken(string.Create(CultureInfo.InvariantCulture, $"it has pickle protocol {protocol}, known are 2 to 5"));
                    }

                    break;
                case 0x95: // FRAME: only a hint how much to read ahead
                    ReadBytes(8);
                    break;
                case (byte)'.': // STOP
                    object? result = Pop();
                    return _stack.Count == 0 && result is not Function and not ScalarType and not Storage
                        ? result
                        : throw Broken("its end leaves something unfinished");
                case (byte)'(':
                    _stack.Add(Mark);
                    break;
                case (byte)'0': // POP
                    Pop();
                    break;
                case (byte)'N':
                    _stack.Add(null);
                    break;
                case 0x88:
                    _stack.Add(true);
                    break;
                case 0x89:
                    _stack.Add(false);
                    break;
                case (byte)'K': // BININT1
                    _stack.Add((long)ReadBytes(1)[0]);
                    break;
                case (byte)'M': // BININT2
                    _stack.Add((long)BinaryPrimitives.ReadUInt16LittleEndian(ReadBytes(2)));
                    break;
                case (byte)'J': // BININT
                    _stack.Add((long)BinaryPrimitives.ReadInt32LittleEndian(ReadBytes(4)));
                    break;
                case 0x8a: // LONG1
                    BigInteger number = new(ReadBytes(ReadBytes(1)[0]));
                    _stack.Add(number >= long.MinValue && number <= long.MaxValue ? (object)(long)number : number);
                    break;
                case (byte)'G': // BINFLOAT
                    _stack.Add(BinaryPrimitives.ReadDoubleBigEndian(ReadBytes(8)));
                    break;
                case (byte)'X': // BINUNICODE
                    _stack.Add(ReadText(ReadUInt32()));
                    break;
                case 0x8c: // SHORT_BINUNICODE
                    _stack.Add(ReadText(ReadBytes(1)[0]));
                    break;
                case (byte)'B': // BINBYTES
                    _stack.Add(ReadBytes(ReadUInt32()));
                    break;
                case (byte)'C': // SHORT_BINBYTES
                    _stack.Add(ReadBytes(ReadBytes(1)[0]));
                    break;
                case (byte)'}': // EMPTY_DICT
                    _stack.Add(new PickledDictionary());
                    break;
                case (byte)']': // EMPTY_LIST
                    _stack.Add(new List<object?>());
                    break;
                case (byte)')': // EMPTY_TUPLE
                    _stack.Add(Array.Empty<object?>());
                    break;
                case 0x85 or 0x86 or 0x87: // TUPLE1 .. TUPLE3
                    _stack.Add(PopLast(instruction - 0x84));
                    break;
                case (byte)'t': // TUPLE
                    _stack.Add(PopToMark());
                    break;
                case (byte)'a': // APPEND
                    object? item = Pop();
                    Top<List<object?>>().Add(item);
                    break;
                case (byte)'e': // APPENDS
                    object?[] items = PopToMark();
                    Top<List<object?>>().AddRange(items);
                    break;
                case (byte)'s': // SETITEM
                    SetItems(PopLast(2));
                    break;
                case (byte)'u': // SETITEMS
                    SetItems(PopToMark());
                    break;
                case (byte)'q': // BINPUT
                    _memo[ReadBytes(1)[0]] = Top();
                    break;
                case (byte)'r': // LONG_BINPUT
                    _memo[ReadUInt32()] = Top();
                    break;
                case 0x94: // MEMOIZE
                    _memo[_memo.Count] = Top();
                    break;
                case (byte)'h': // BINGET
                    _stack.Add(Remembered(ReadBytes(1)[0]));
                    break;
                case (byte)'j': // LONG_BINGET
                    _stack.Add(Remembered(ReadUInt32()));
                    break;
                case (byte)'c': // GLOBAL
                    _stack.Add(Named($"{ReadLine()}.{ReadLine()}"));
                    break;
                case 0x93: // STACK_GLOBAL
                    object?[] parts = PopLast(2);
                    _stack.Add(parts is [string module, string name] ? Named($"{module}.{name}") : throw Broken("it names something by what is no text"));
                    break;
                case (byte)'Q': // BINPERSID
                    _stack.Add(StorageOf(Pop()));
                    break;
                case (byte)'R': // REDUCE
                    object?[] call = PopLast(2);
                    _stack.Add(Answer(call[0], call[1] as object?[] ?? throw Broken("a function is called with what is no tuple")));
                    break;
                case (byte)'b': // BUILD: an ordered dictionary's attributes (torch keeps the versions of its modules there) are dropped
                    Pop();
                    Top<PickledDictionary>();
                    break;
                default:
                    throw Broken(string.Create(CultureInfo.InvariantCulture, $"it holds the pickle instruction 0x{instruction:x2}, which no checkpoint of tensors needs"));
            }
        }
    }

    private object Named(string name) => Names.TryGetValue(name, out object? known)
        ? known
        : throw new InputException(
            $"{source}: names '{name}', and only tensors and plain values are read: a checkpoint is data, nothing in it is executed. "
            + "If the file can be trusted, load it in Python and save the tensors as safetensors.");

    private object? Answer(object? function, object?[] arguments)
    {
        switch (function)
        {
            case Function.OrderedDict when arguments.Length == 0:
                return new PickledDictionary();
            case Function.RebuildTensor when arguments is [Storage storage, long offset, object?[] shape, object?[] strides, ..]:
                StoredTensor tensor = new(storage.Name, storage.Elements, storage.Type, offset, Lengths(shape), Lengths(strides));
                return tensor.LiesInside()
                    ? tensor
                    : throw Broken(string.Create(
                        CultureInfo.InvariantCulture,
                        $"a tensor of shape [{string.Join(", ", tensor.Shape)}] and strides [{string.Join(", ", tensor.Strides)}] from element {offset} does not lie inside its storage '{storage.Name}' of {storage.Elements}"));
            case Function.RebuildParameter when arguments is [StoredTensor parameter, ..]:
                return parameter;
            default:
                throw Broken($"{function ?? "nothing"} is called with arguments that it does not take");
        }
    }

    private long[] Lengths(object?[] values) => [.. values.Select(value => value as long? ?? throw Broken("the shape or strides of a tensor are no integers"))];

    private Storage StorageOf(object? description)
    {
        if (description is not object?[] { Length: 5 or 6 } parts || parts is not ["storage", ScalarType type, string name, string, long elements, ..] || elements < 0)
        {
            throw Broken("it refers to something outside that is no storage");
        }

        return parts is [_, _, _, _, _, not null]
            ? throw Broken($"storage '{name}' is a view of another, which only files from before PyTorch 0.4 have")
            : new Storage(name, type, elements);
    }

    private void SetItems(object?[] items)
    {
        PickledDictionary dictionary = Top<PickledDictionary>();
        if (items.Length % 2 != 0)
        {
            throw Broken("a dictionary has a key without a value");
        }

        for (int i = 0; i < items.Length; i += 2)
        {
            dictionary[items[i] as string ?? (items[i] as long?)?.ToString(CultureInfo.InvariantCulture) ?? throw Broken("a dictionary has a key that is neither text nor an integer")]
                = items[i + 1];
        }
    }

    private object? Remembered(long place) => _memo.TryGetValue(place, out object? value) ? value : throw Broken("it refers to a value that it has not kept");

    private object? Top() => _stack.Count > 0 && !ReferenceEquals(_stack[^1], Mark) ? _stack[^1] : throw Misfit();

    private T Top<T>()
        where T : class => Top() as T ?? throw Misfit();

    private object? Pop() => PopLast(1)[0];

    private object?[] PopLast(int count)
    {
        int start = _stack.Count - count;
        if (start < 0)
        {
            throw Misfit();
        }

        object?[] items = [.. _stack[start..]];
        if (items.Contains(Mark))
        {
            throw Misfit();
        }

        _stack.RemoveRange(start, count);
        return items;
    }

    private object?[] PopToMark()
    {
        int mark = _stack.FindLastIndex(item => ReferenceEquals(item, Mark));
        if (mark < 0)
        {
            throw Misfit();
        }

        object?[] items = [.. _stack[(mark + 1)..]];
        _stack.RemoveRange(mark, _stack.Count - mark);
        return items;
    }

    private byte[] ReadBytes(long count)
    {
        // Checked against the file before anything is allocated.
        if (count > stream.Length - stream.Position)
        {
            throw Broken("its pickle ends too early");
        }

        byte[] bytes = new byte[count];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(ReadBytes(4));

    private string ReadText(long bytes)
    {
        try
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(ReadBytes(bytes));
        }
        catch (DecoderFallbackException exception)
        {
            throw new InputException(Message("a text in it is not UTF-8"), exception);
        }
    }

    private string ReadLine()
    {
        StringBuilder line = new();
        for (byte next = ReadBytes(1)[0]; next != '\n'; next = ReadBytes(1)[0])
        {
            if (line.Length == LongestName)
            {
                throw Broken("a name in it is too long");
            }

            line.Append((char)next);
        }

        return line.ToString();
    }

    private InputException Misfit() => Broken("its instructions do not fit together");

    private InputException Broken(string what) => new(Message(what));

    private string Message(string what) => $"{source}: not a checkpoint that can be read: {what}. Download or export it again.";

    /// <summary>A block of values somewhere in the file.</summary>
    private sealed record Storage(string Name, ScalarType Type, long Elements);
}
