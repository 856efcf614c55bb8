using System.Net;
using Markdig;
using Markdig.Extensions.Mathematics;
using Markdig.Renderers;
using Markdig.Renderers.Html;

namespace HaloLab.Notebooks.Documents;

/// <summary>Lets markdown's formulas become MathML; one that <see cref="TexMath"/> cannot read is shown as it is written.</summary>
internal sealed class MathMarkup : IMarkdownExtension
{
    public void Setup(MarkdownPipelineBuilder pipeline)
    {
    }

    public void Setup(MarkdownPipeline pipeline, IMarkdownRenderer renderer)
    {
        renderer.ObjectRenderers.Replace<HtmlMathInlineRenderer>(new Inline());
        renderer.ObjectRenderers.Replace<HtmlMathBlockRenderer>(new Alone());
    }

    private static string Markup(string tex, bool isDisplay)
    {
        try
        {
            return TexMath.ToMathMl(tex, isDisplay);
        }
        catch (FormatException exception)
        {
            return $"<code title=\"{WebUtility.HtmlEncode(exception.Message)}\">{WebUtility.HtmlEncode(tex)}</code>";
        }
    }

    private sealed class Inline : HtmlObjectRenderer<MathInline>
    {
        // A formula between two dollar signs on each side stands alone, also where markdown takes it for a part of a paragraph.
        protected override void Write(HtmlRenderer renderer, MathInline formula) => renderer.Write(Markup(formula.Content.ToString(), formula.DelimiterCount > 1));
    }

    private sealed class Alone : HtmlObjectRenderer<MathBlock>
    {
        protected override void Write(HtmlRenderer renderer, MathBlock formula) => renderer.Write(Markup(formula.Lines.ToString(), isDisplay: true));
    }
}
