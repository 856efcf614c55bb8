using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace HaloLab.Preferences.Labels;

/// <summary>
/// The identity of the question that a label answers: the first 16 bytes of SHA-256 over its fields, each with its length before it, so that no
/// two different questions have the same text.
/// </summary>
internal static class LabelQuestion
{
    public const int Bytes = 16;

    public static byte[] KeyOf(Label label)
    {
        using MemoryStream text = new(512);
        foreach (string? field in new[]
        {
            label.Clip, label.OtherClip, label.Prompt, label.Grid?.ToString(), label.Cell?.ToString(CultureInfo.InvariantCulture), label.Dimension,
            label.Annotator, LabelText.Kinds[label.AnnotatorKind], label.TemplateHash, label.ResponseId,
        })
        {
            // A missing field has no length; an empty one has length 0.
            if (field is not null)
            {
                byte[] bytes = Encoding.UTF8.GetBytes(field);
                text.Write(BitConverter.GetBytes(bytes.Length));
                text.Write(bytes);
            }

            text.WriteByte(0xff);
        }

        return SHA256.HashData(text.GetBuffer().AsSpan(0, (int)text.Length))[..Bytes];
    }
}
