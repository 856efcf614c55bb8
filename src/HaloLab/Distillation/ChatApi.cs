namespace HaloLab.Distillation;

/// <summary>The two address forms of the chat completions protocol.</summary>
public enum ChatApi
{
    /// <summary>OpenAI's own and compatible servers: <c>BASE/chat/completions</c>, key as bearer token.</summary>
    OpenAi,

    /// <summary>Azure OpenAI: <c>BASE/openai/deployments/NAME/chat/completions?api-version=…</c>, key in the header <c>api-key</c>, or an identity's token as bearer token.</summary>
    Azure,
}
