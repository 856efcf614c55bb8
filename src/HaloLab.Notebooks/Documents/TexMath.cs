using System.Collections.Frozen;
using System.Globalization;
using System.Net;
using System.Text;

namespace HaloLab.Notebooks.Documents;

/// <summary>
/// Formulas as notebooks write them (the part of TeX's mathematics that they use) to MathML, which browsers draw by themselves: a page needs no script and no font from
/// the network. What is not known is an error by name; <see cref="MathMarkup"/> then shows the source.
/// </summary>
internal sealed class TexMath
{
    private static readonly FrozenDictionary<string, string> Letters = Pairs("""
        alpha α  beta β  gamma γ  delta δ  epsilon ϵ  varepsilon ε  zeta ζ  eta η  theta θ  kappa κ  lambda λ  mu μ  nu ν  xi ξ  pi π  rho ρ  sigma σ  tau τ
        phi ϕ  varphi φ  chi χ  psi ψ  omega ω  Gamma Γ  Delta Δ  Theta Θ  Lambda Λ  Sigma Σ  Phi Φ  Psi Ψ  Omega Ω  ell ℓ  infty ∞
        """);

    private static readonly FrozenDictionary<string, string> Operators = Pairs("""
        le ≤  ge ≥  ne ≠  approx ≈  sim ∼  cdot ·  times ×  pm ±  in ∈  to →  mid ∣  ldots …  dots …  cdots ⋯  lfloor ⌊  rfloor ⌋  lceil ⌈  rceil ⌉  langle ⟨
        rangle ⟩  partial ∂  nabla ∇  succ ≻  prec ≺  | ‖  { {  } }  % %  sum ∑  prod ∏  int ∫
        """);

    private static readonly FrozenDictionary<string, string> Spaces = new Dictionary<string, string>
    {
        [","] = "0.17em",
        [":"] = "0.22em",
        [";"] = "0.28em",
        [" "] = "0.28em",
        ["!"] = "-0.17em",
        ["quad"] = "1em",
        ["qquad"] = "2em",
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<string, string> Accents = Pairs("""
        hat ^  bar ¯  tilde ~  vec →  dot ˙
        """);

    private static readonly FrozenSet<string> Functions = ["log", "ln", "exp", "min", "max", "sign", "arg", "sin", "cos", "tanh", "Pr"];

    private static readonly FrozenSet<string> WithLimits = ["sum", "prod", "min", "max"];

    private readonly string _tex;
    private readonly bool _isDisplay;
    private int _at;

    private TexMath(string tex, bool isDisplay) => (_tex, _isDisplay) = (tex, isDisplay);

    /// <summary>The formula as a MathML element.</summary>
    /// <param name="tex">Without its dollar signs.</param>
    /// <param name="isDisplay">Whether it stands alone.</param>
    /// <exception cref="FormatException">A command is unknown or a bracket is missing; the message names it.</exception>
    public static string ToMathMl(string tex, bool isDisplay)
    {
        ArgumentNullException.ThrowIfNull(tex);
        TexMath formula = new(tex, isDisplay);
        string row = formula.Row(end: null);
        return $"<math{(isDisplay ? " display=\"block\"" : "")}>{row}</math>";
    }

    /// <summary>Elements up to the end of the formula, of the group, of the cell, or up to a command.</summary>
    private string Row(string? end)
    {
        StringBuilder row = new("<mrow>");
        while (true)
        {
            SkipSpace();
            if (_at == _tex.Length)
            {
                return end is null ? row.Append("</mrow>").ToString() : throw new FormatException($"'{end}' is missing");
            }

            if (end is not null && Follows(end))
            {
                return row.Append("</mrow>").ToString();
            }

            row.Append(Scripted());
        }
    }

    /// <summary>An element with what is below and above it.</summary>
    private string Scripted()
    {
        int from = _at;
        string element = Element();
        bool hasLimits = _isDisplay && WithLimits.Contains(_tex[from.._at].TrimStart('\\'));
        string? below = null, above = null;
        while (true)
        {
            SkipSpace();
            if (below is null && Take('_'))
            {
                below = Argument();
            }
            else if (above is null && Take('^'))
            {
                above = Argument();
            }
            else if (_at < _tex.Length && _tex[_at] == '\'')
            {
                _at++;
                above = $"{above}<mo>′</mo>";
            }
            else
            {
                break;
            }
        }

        return (below, above) switch
        {
            (null, null) => element,
            (not null, null) => hasLimits ? $"<munder>{element}{below}</munder>" : $"<msub>{element}{below}</msub>",
            (null, not null) => hasLimits ? $"<mover>{element}{above}</mover>" : $"<msup>{element}{above}</msup>",
            _ => hasLimits ? $"<munderover>{element}{below}{above}</munderover>" : $"<msubsup>{element}{below}{above}</msubsup>",
        };
    }

    private string Element()
    {
        char next = _tex[_at];
        if (next == '{')
        {
            return Argument();
        }

        if (next == '\\')
        {
            return OfCommand(Command());
        }

        if (next is '}' or '&')
        {
            throw new FormatException($"'{next}' stands where nothing is open");
        }

        if (char.IsAsciiDigit(next))
        {
            int from = _at;
            while (_at < _tex.Length && (char.IsAsciiDigit(_tex[_at]) || (_tex[_at] == '.' && _at + 1 < _tex.Length && char.IsAsciiDigit(_tex[_at + 1]))))
            {
                _at++;
            }

            return $"<mn>{_tex[from.._at]}</mn>";
        }

        _at++;
        return char.IsLetter(next) ? $"<mi>{next}</mi>" : Operator(next == '-' ? "−" : next.ToString(), isFence: next is '|');
    }

    private string OfCommand(string name)
    {
        if (Letters.TryGetValue(name, out string? letter))
        {
            // Capital Greek letters stand upright, as in TeX.
            return char.IsUpper(letter[0]) || letter == "∞" ? $"<mi mathvariant=\"normal\">{letter}</mi>" : $"<mi>{letter}</mi>";
        }

        if (Operators.TryGetValue(name, out string? sign))
        {
            return Operator(sign, isFence: name is "|");
        }

        if (Spaces.TryGetValue(name, out string? width))
        {
            return $"<mspace width=\"{width}\"/>";
        }

        if (Accents.TryGetValue(name, out string? accent))
        {
            return $"<mover accent=\"true\">{Argument()}<mo stretchy=\"false\">{accent}</mo></mover>";
        }

        if (Functions.Contains(name))
        {
            return Function(name);
        }

        return name switch
        {
            "frac" => $"<mfrac>{Argument()}{Argument()}</mfrac>",
            "sqrt" => $"<msqrt>{Argument()}</msqrt>",
            "text" or "mathrm" or "textrm" => $"<mtext>{WebUtility.HtmlEncode(Verbatim())}</mtext>",
            "operatorname" => Function(WebUtility.HtmlEncode(Verbatim())),
            "mathbb" => $"<mi>{string.Concat(Verbatim().Select(DoubleStruck))}</mi>",
            "left" => Fenced(),
            "begin" => Table(Verbatim()),
            _ => throw new FormatException($"'\\{name}' is not known"),
        };
    }

    private string Fenced()
    {
        string open = Fence();
        string inside = Row("\\right");
        _at += "\\right".Length;
        return $"<mrow>{open}{inside}{Fence()}</mrow>";
    }

    private string Fence()
    {
        SkipSpace();
        if (_at == _tex.Length)
        {
            throw new FormatException("a bracket is missing behind \\left or \\right");
        }

        string sign = _tex[_at] == '\\' ? Command() : _tex[_at++].ToString();
        return sign == "." ? "" : $"<mo fence=\"true\" stretchy=\"true\">{WebUtility.HtmlEncode(Operators.GetValueOrDefault(sign, sign))}</mo>";
    }

    /// <summary>Rows that end with <c>\\</c>, cells that end with an ampersand.</summary>
    private string Table(string environment)
    {
        if (environment is not ("cases" or "aligned" or "matrix"))
        {
            throw new FormatException($"the environment '{environment}' is not known");
        }

        string end = $"\\end{{{environment}}}";
        StringBuilder table = new("<mtable displaystyle=\"true\" columnalign=\"left\"><mtr><mtd style=\"text-align: left\"><mrow>");
        while (true)
        {
            SkipSpace();
            if (_at == _tex.Length)
            {
                throw new FormatException($"'{end}' is missing");
            }

            if (Follows(end))
            {
                _at += end.Length;
                string body = table.Append("</mrow></mtd></mtr></mtable>").ToString();
                return environment == "cases" ? $"<mrow><mo fence=\"true\" stretchy=\"true\">{{</mo>{body}</mrow>" : body;
            }

            if (Follows("\\\\"))
            {
                _at += 2;
                table.Append("</mrow></mtd></mtr><mtr><mtd style=\"text-align: left\"><mrow>");
            }
            else if (Take('&'))
            {
                table.Append("</mrow></mtd><mtd style=\"text-align: left\"><mrow>");
            }
            else
            {
                table.Append(Scripted());
            }
        }
    }

    /// <summary>A group in braces, or the next single element.</summary>
    private string Argument()
    {
        SkipSpace();
        if (_at == _tex.Length)
        {
            throw new FormatException("something is missing at the end");
        }

        if (!Take('{'))
        {
            return Element();
        }

        string row = Row("}");
        _at++;
        return row;
    }

    private string Verbatim()
    {
        SkipSpace();
        int end = _tex.IndexOf('}', _at);
        if (!Take('{') || end < 0)
        {
            throw new FormatException("'{' and '}' are missing around text");
        }

        string text = _tex[_at..end];
        _at = end + 1;
        return text;
    }

    private string Command()
    {
        _at++;
        int from = _at;
        while (_at < _tex.Length && char.IsAsciiLetter(_tex[_at]))
        {
            _at++;
        }

        // A command of one sign, such as \, or \|.
        if (_at == from && _at < _tex.Length)
        {
            _at++;
        }

        return _tex[from.._at];
    }

    private bool Follows(string text) => string.CompareOrdinal(_tex, _at, text, 0, text.Length) == 0 && !(text[0] == '\\' && char.IsAsciiLetter(text[^1]) && _at + text.Length < _tex.Length && char.IsAsciiLetter(_tex[_at + text.Length]));

    private bool Take(char sign)
    {
        if (_at == _tex.Length || _tex[_at] != sign)
        {
            return false;
        }

        _at++;
        return true;
    }

    private void SkipSpace()
    {
        while (_at < _tex.Length && char.IsWhiteSpace(_tex[_at]))
        {
            _at++;
        }
    }

    /// <summary>Commands and what they draw, by turns.</summary>
    private static FrozenDictionary<string, string> Pairs(string words) =>
        words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Chunk(2).ToFrozenDictionary(pair => pair[0], pair => pair[1]);

    private static string Function(string name) => $"<mo form=\"prefix\" lspace=\"0.15em\" rspace=\"0.15em\" movablelimits=\"false\">{name}</mo>";

    private static string Operator(string sign, bool isFence) =>
        isFence ? $"<mo stretchy=\"false\" lspace=\"0\" rspace=\"0\">{sign}</mo>" : $"<mo{(sign is "(" or ")" or "[" or "]" or "{" or "}" ? " stretchy=\"false\"" : "")}>{WebUtility.HtmlEncode(sign)}</mo>";

    private static string DoubleStruck(char letter) => letter switch
    {
        'R' => "ℝ",
        'N' => "ℕ",
        'Z' => "ℤ",
        'E' => "𝔼",
        'P' => "ℙ",
        _ => throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"'\\mathbb{{{letter}}}' is not known")),
    };
}
