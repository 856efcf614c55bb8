using System.Xml.Linq;
using HaloLab.Notebooks.Documents;
using Markdig;
using Markdig.Extensions.Mathematics;
using Markdig.Syntax;

namespace HaloLab.Notebooks.Tests.Documents;

public sealed class TexMathTests
{
    [Theory]
    [InlineData("x", "<mi>x</mi>")]
    [InlineData("10.5", "<mn>10.5</mn>")]
    [InlineData("1, 2", "<mn>1</mn><mo>,</mo><mn>2</mn>")]
    [InlineData("a-b", "<mi>a</mi><mo>−</mo><mi>b</mi>")]
    [InlineData("a < b", "<mi>a</mi><mo>&lt;</mo><mi>b</mi>")]
    [InlineData("x_t^2", "<msubsup><mi>x</mi><mi>t</mi><mn>2</mn></msubsup>")]
    [InlineData("x^2_t", "<msubsup><mi>x</mi><mi>t</mi><mn>2</mn></msubsup>")]
    [InlineData("e_{yx}", "<msub><mi>e</mi><mrow><mi>y</mi><mi>x</mi></mrow></msub>")]
    [InlineData("\\frac{1}{|p|}", "<mfrac><mrow><mn>1</mn></mrow><mrow><mo stretchy=\"false\" lspace=\"0\" rspace=\"0\">|</mo><mi>p</mi>")]
    [InlineData("\\sqrt{e_p}", "<msqrt><mrow><msub><mi>e</mi><mi>p</mi></msub></mrow></msqrt>")]
    [InlineData("-\\log x", "movablelimits=\"false\">log</mo><mi>x</mi>")]
    [InlineData("L_\\text{video}", "<msub><mi>L</mi><mtext>video</mtext></msub>")]
    [InlineData("\\left\\| f \\right\\|^2", "<msup><mrow><mo fence=\"true\" stretchy=\"true\">‖</mo><mrow><mi>f</mi></mrow><mo fence=\"true\" stretchy=\"true\">‖</mo></mrow><mn>2</mn></msup>")]
    [InlineData("\\Delta\\theta", "<mi mathvariant=\"normal\">Δ</mi><mi>θ</mi>")]
    public void FormulasBecomeMathMl(string tex, string expected)
    {
        string markup = TexMath.ToMathMl(tex, isDisplay: false);
        Assert.Contains(expected, markup, StringComparison.Ordinal);
        XElement.Parse(markup);
    }

    [Fact]
    public void SumsHaveTheirLimitsBelowWhereTheyStandAlone()
    {
        Assert.Contains("<munder><mo>∑</mo>", TexMath.ToMathMl("\\sum_p w_p", isDisplay: true), StringComparison.Ordinal);
        Assert.Contains("<msub><mo>∑</mo>", TexMath.ToMathMl("\\sum_p w_p", isDisplay: false), StringComparison.Ordinal);
    }

    [Fact]
    public void CasesAreATableBehindABrace()
    {
        XElement table = XElement.Parse(TexMath.ToMathMl("\\begin{cases} a & x > 0 \\\\ b & \\text{else} \\end{cases}", isDisplay: true)).Descendants("mtable").Single();
        Assert.Equal(["a x>0", "b else"], table.Elements("mtr").Select(row => string.Join(' ', row.Elements("mtd").Select(cell => cell.Value))));
    }

    [Theory]
    [InlineData("\\frac{1}", "at the end")]
    [InlineData("\\unknown", "\\unknown")]
    [InlineData("{a", "}")]
    [InlineData("a}", "}")]
    [InlineData("\\left( a", "\\right")]
    [InlineData("\\begin{cases} a", "\\end{cases}")]
    [InlineData("x_", "at the end")]
    public void WhatCannotBeReadIsNamed(string tex, string named) =>
        Assert.Contains(named, Assert.Throws<FormatException>(() => TexMath.ToMathMl(tex, isDisplay: false)).Message, StringComparison.Ordinal);

    [Fact]
    public void PagesShowWhatCannotBeReadAsItIsWritten()
    {
        string page = Markdown.ToHtml("So $x^2$ and $\\nothing$.", NotebookPage.Pipeline);
        Assert.Contains("<msup><mi>x</mi><mn>2</mn></msup>", page, StringComparison.Ordinal);
        Assert.Contains(">\\nothing</code>", page, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryFormulaOfTheNotebooksIsRead()
    {
        int formulas = 0;
        foreach (string path in Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Path, "notebooks"), "*.ipynb"))
        {
            foreach (NotebookCell cell in Notebook.Read(path).Cells.Where(cell => cell.IsMarkdown))
            {
                MarkdownDocument document = Markdown.Parse(cell.Source, NotebookPage.Pipeline);
                foreach (string tex in document.Descendants<MathInline>().Select(math => math.Content.ToString()).Concat(document.Descendants<MathBlock>().Select(math => math.Lines.ToString())))
                {
                    XElement.Parse(TexMath.ToMathMl(tex, isDisplay: true));
                    formulas++;
                }
            }
        }

        Assert.True(formulas > 10, $"only {formulas} formulas were found");
    }
}
