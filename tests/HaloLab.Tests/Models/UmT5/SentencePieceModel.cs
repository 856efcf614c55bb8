namespace HaloLab.Tests.Models.UmT5;

/// <summary>Rewrites SentencePiece models, which are protocol buffers.</summary>
internal static class SentencePieceModel
{
    private const int PieceField = 1;
    private const int TypeField = 3;
    private const int ByteType = 6;

    // A second trainer_spec (2), whose byte_fallback (35) is false.
    private static readonly byte[] NoBytes = [0x12, 0x03, 0x98, 0x02, 0x00];

    /// <summary>The model without the pieces that stand for bytes, as T5's are.</summary>
    public static byte[] WithoutBytes(byte[] model)
    {
        List<byte> kept = [];
        for (int place = 0; place < model.Length;)
        {
            int start = place;
            int field = (int)(Varint(model, ref place) >> 3);
            int end = (int)Varint(model, ref place) + place;
            if (field != PieceField || TypeOf(model.AsSpan(place, end - place).ToArray()) != ByteType)
            {
                kept.AddRange(model.AsSpan(start, end - start));
            }

            place = end;
        }

        return [.. kept, .. NoBytes];
    }

    private static ulong? TypeOf(byte[] piece)
    {
        const int Varints = 0;
        const int EightBytes = 1;
        const int FourBytes = 5;
        for (int place = 0; place < piece.Length;)
        {
            ulong tag = Varint(piece, ref place);
            switch ((int)(tag & 7))
            {
                case Varints:
                    ulong value = Varint(piece, ref place);
                    if (tag >> 3 == TypeField)
                    {
                        return value;
                    }

                    break;
                case EightBytes:
                    place += 8;
                    break;
                case FourBytes:
                    place += 4;
                    break;
                default:
                    int length = (int)Varint(piece, ref place);
                    place += length;
                    break;
            }
        }

        return null;
    }

    private static ulong Varint(byte[] bytes, ref int place)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = bytes[place++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }
}
