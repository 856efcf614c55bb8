namespace HaloLab.ToyWorld;

/// <summary>
/// What a clip of the toy world should show: one or two objects, each with kind, colour and direction of motion, on a background. Two objects
/// never share their colour: it is what tells them apart.
/// </summary>
/// <remarks>
/// Grammar, in lower case: <c>object ["and" object] "on a" background "background"</c> where an object is <c>"a" colour kind "moving" direction</c>.
/// </remarks>
public sealed record ToyCaption
{
    private static readonly char[] Separators = [' ', '\t', '\r', '\n', ',', '.'];

    /// <exception cref="ArgumentException">Both objects have one colour.</exception>
    public ToyCaption(ToyObject first, ToyObject? second, ToyBackground background)
    {
        ArgumentNullException.ThrowIfNull(first);
        if (first.Colour == second?.Colour)
        {
            throw new ArgumentException("Two objects of one colour could not be told apart.", nameof(second));
        }

        First = first;
        Second = second;
        Background = background;
    }

    public ToyObject First { get; }

    public ToyObject? Second { get; }

    public ToyBackground Background { get; }

    /// <summary>The objects in the order of the text, one or two.</summary>
    public IReadOnlyList<ToyObject> Objects => Second is null ? [First] : [First, Second];

    /// <summary>All 15,552 captions: 192 of one object, 15,360 of two (both orders of mention).</summary>
    public static IEnumerable<ToyCaption> All()
    {
        ToyObject[] objects =
        [
            .. from kind in Enum.GetValues<ToyKind>()
               from colour in Enum.GetValues<ToyColour>()
               from direction in Enum.GetValues<ToyDirection>()
               select new ToyObject(kind, colour, direction),
        ];
        foreach (ToyBackground background in Enum.GetValues<ToyBackground>())
        {
            foreach (ToyObject first in objects)
            {
                yield return new ToyCaption(first, null, background);
                foreach (ToyObject second in objects.Where(second => second.Colour != first.Colour))
                {
                    yield return new ToyCaption(first, second, background);
                }
            }
        }
    }

    /// <summary>Reads a caption; letter case, spacing, commas and a full stop do not matter.</summary>
    /// <exception cref="InputException">The text is not a sentence of the grammar; the message says where it stops and what is understood.</exception>
    public static ToyCaption Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Reader reader = new(text, Words(text));
        ToyObject first = ReadObject(reader);
        ToyObject? second = null;
        if (reader.Next == "and")
        {
            reader.Expect("and");
            second = ReadObject(reader);
        }

        reader.Expect("on");
        reader.Expect("a");
        ToyBackground background = reader.ExpectOneOf<ToyBackground>();
        reader.Expect("background");
        reader.ExpectEnd();
        return first.Colour == second?.Colour
            ? throw reader.Error($"both objects are {first.Colour.ToString().ToLowerInvariant()}, but two objects need two colours")
            : new ToyCaption(first, second, background);
    }

    /// <summary>For example <c>a red circle moving left and a blue square moving up on a dark background</c>.</summary>
    public override string ToString()
    {
        string objects = Second is null ? $"{First}" : $"{First} and {Second}";
        return $"{objects} on a {Background.ToString().ToLowerInvariant()} background";
    }

    /// <summary>The words of a text as the grammar and the tokenizer see them.</summary>
    internal static string[] Words(string text) => text.ToLowerInvariant().Split(Separators, StringSplitOptions.RemoveEmptyEntries);

    internal static string[] Names<T>()
        where T : struct, Enum
        => [.. Enum.GetNames<T>().Select(name => name.ToLowerInvariant())];

    private static ToyObject ReadObject(Reader reader)
    {
        reader.Expect("a");
        ToyColour colour = reader.ExpectOneOf<ToyColour>();
        ToyKind kind = reader.ExpectOneOf<ToyKind>();
        reader.Expect("moving");
        return new ToyObject(kind, colour, reader.ExpectOneOf<ToyDirection>());
    }

    private sealed class Reader(string text, string[] words)
    {
        private int _position;

        public string? Next => _position < words.Length ? words[_position] : null;

        public void Expect(string word)
        {
            if (Next != word)
            {
                throw Unexpected($"'{word}'");
            }

            _position++;
        }

        public T ExpectOneOf<T>()
            where T : struct, Enum
        {
            string[] names = Names<T>();
            int index = Array.IndexOf(names, Next);
            if (index < 0)
            {
                throw Unexpected($"one of {string.Join(", ", names)}");
            }

            _position++;
            return Enum.GetValues<T>()[index];
        }

        public void ExpectEnd()
        {
            if (Next is not null)
            {
                throw Unexpected("the end");
            }
        }

        public InputException Error(string problem) => new(
            $"Prompt '{text}': {problem}. The toy generator understands 'a COLOUR KIND moving DIRECTION [and a COLOUR KIND moving DIRECTION] "
            + $"on a BACKGROUND background' with colours {string.Join(", ", Names<ToyColour>())}; kinds {string.Join(", ", Names<ToyKind>())}; "
            + $"directions {string.Join(", ", Names<ToyDirection>())}; backgrounds {string.Join(", ", Names<ToyBackground>())}; "
            + "for example 'a red circle moving left on a dark background'.");

        private InputException Unexpected(string expected)
            => Error($"word {_position + 1} is {(Next is null ? "missing" : $"'{Next}'")}, expected {expected}");
    }
}
