using System.ClientModel;
using System.ClientModel.Primitives;
using Azure.AI.OpenAI;
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

    /// <param name="options">Address, model, key.</param>
    /// <param name="http">Carries the request.</param>
    public static IChatClient Connect(ChatTeacherOptions options, HttpClient http)
    {
        ApiKeyCredential key = new(string.IsNullOrEmpty(options.Key) ? NoKey : options.Key);
        HttpClientPipelineTransport transport = new(http);
        ClientRetryPolicy once = new(maxRetries: 0);
        ClientLoggingOptions silent = new() { EnableLogging = false };
        OpenAIClient client = options.Api == ChatApi.Azure
            ? new AzureOpenAIClient(options.Endpoint, key, new AzureOpenAIClientOptions { Transport = transport, RetryPolicy = once, ClientLoggingOptions = silent, NetworkTimeout = Timeout.InfiniteTimeSpan })
            : new OpenAIClient(key, new OpenAIClientOptions { Endpoint = options.Endpoint, Transport = transport, RetryPolicy = once, ClientLoggingOptions = silent, NetworkTimeout = Timeout.InfiniteTimeSpan });
        return client.GetChatClient(options.Model).AsIChatClient();
    }
}
