using System.ClientModel;
using System.ClientModel.Primitives;
using Azure.AI.OpenAI;
using Azure.Core;
using Microsoft.Extensions.AI;
using OpenAI;

namespace HaloLab.Distillation;

/// <summary>
/// Connects the ecosystem's chat abstraction to a service, in either address form. The libraries' own retries and logs are off: attempts are counted and paid
/// for here, and nothing of theirs may print a key.
/// </summary>
internal static class ChatRoute
{
    // What a library asks for where no key may be sent: stored responses are played back.
    private const string NoKey = "none";

    /// <param name="options">Address and model.</param>
    /// <param name="secret">The key or, with an identity, its token; null where stored responses are played back.</param>
    /// <param name="http">Carries the request.</param>
    public static IChatClient Connect(ChatTeacherOptions options, string? secret, HttpClient http)
    {
        ApiKeyCredential key = new(string.IsNullOrEmpty(secret) ? NoKey : secret);
        HttpClientPipelineTransport transport = new(http);
        ClientRetryPolicy once = new(maxRetries: 0);
        ClientLoggingOptions silent = new() { EnableLogging = false };
        if (options.Api != ChatApi.Azure)
        {
            OpenAIClientOptions openAi = new() { Endpoint = options.Endpoint, Transport = transport, RetryPolicy = once, ClientLoggingOptions = silent, NetworkTimeout = Timeout.InfiniteTimeSpan };
            return new OpenAIClient(key, openAi).GetChatClient(options.Model).AsIChatClient();
        }

        AzureOpenAIClientOptions azure = new() { Transport = transport, RetryPolicy = once, ClientLoggingOptions = silent, NetworkTimeout = Timeout.InfiniteTimeSpan };
        AzureOpenAIClient client = options.Identity is null || secret is null
            ? new AzureOpenAIClient(options.Endpoint, key, azure)
            : new AzureOpenAIClient(options.Endpoint, DelegatedTokenCredential.Create((_, _) => new AccessToken(secret, DateTimeOffset.MaxValue)), azure);
        return client.GetChatClient(options.Model).AsIChatClient();
    }
}
