using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Polly;
using Polly.Retry;

namespace HaloLab.Distillation;

/// <summary>
/// Asks a chat model. Every attempt is reserved in the ledger before it is sent and settled when it ended; an answer that the ledger holds is read from it and
/// costs nothing.
/// </summary>
/// <remarks>
/// The one place that tries again is here (Polly): after 429 when the service says, after failures, timeouts, broken connections and answers that keep not to
/// the schema. Refusals and content filters are answers. What no second try can mend (a wrong key, an unknown model, no quota, another snapshot of the model,
/// the end of the budget) stops every question of this object.
/// </remarks>
/// <typeparam name="TAnswer">What an answer is read as.</typeparam>
internal sealed class ChatService<TAnswer> : IDisposable
    where TAnswer : class
{
    // After Ctrl-C, answers on their way are paid for: wait for them, but not long.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    private readonly ChatTeacherOptions _options;
    private readonly RequestLedger _ledger;
    private readonly Func<string, int, TAnswer> _read;
    private readonly AdaptiveConcurrency _concurrency;
    private readonly HttpMessageInvoker _network;
    private readonly IdentityToken? _token;
    private readonly ResiliencePipeline<ChatAnswer<TAnswer>> _attempts;
    private readonly CancellationTokenSource _stopped = new();
    private ExceptionDispatchInfo? _stopReason;
    private int _answered;

    /// <param name="options">Whom to ask and how.</param>
    /// <param name="ledger">Where attempts and responses are kept; not disposed.</param>
    /// <param name="read">Reads the text of an answer about so many patches; throws <see cref="JsonException"/> where it keeps not to the schema.</param>
    /// <exception cref="InputException">An option is out of its range.</exception>
    public ChatService(ChatTeacherOptions options, RequestLedger ledger, Func<string, int, TAnswer> read)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(ledger);
        options.Validate();
        _options = options;
        _ledger = ledger;
        _read = read;
        _concurrency = new AdaptiveConcurrency(options.InFlight, TimeProvider.System);
        _network = new HttpMessageInvoker(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5), AllowAutoRedirect = false, UseCookies = false });
        _token = options.Identity is null ? null : new IdentityToken(options.Identity, TimeProvider.System);
        _attempts = Resilience(options);
    }

    /// <summary>Told after every question that has its final answer, with the number of them so far.</summary>
    public event Action<int>? Answered;

    /// <summary>The final answer, from the ledger or asked for; null when no attempt brought one.</summary>
    /// <exception cref="InputException">Everything is stopped; the message says why.</exception>
    public async Task<ChatAnswer<TAnswer>?> AskAsync(ChatQuestion question, CancellationToken cancellation)
    {
        if (await FindStoredAsync(question).ConfigureAwait(false) is { } stored)
        {
            Count();
            return stored;
        }

        if (_options.ReplayOnly)
        {
            throw new InputException($"--replay-only: the ledger holds no answer to request {question.Key[..12]} ({question.Description}). Clips, prompts or settings are not those it was asked with, or it was not finished.");
        }

        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _stopped.Token);
        try
        {
            ChatAnswer<TAnswer> answer = await _attempts.ExecuteAsync(async token => await AttemptAsync(question, token).ConfigureAwait(false), either.Token).ConfigureAwait(false);
            if (!answer.IsFinal)
            {
                return null;
            }

            Count();
            return answer;
        }
        catch (OperationCanceledException) when (_stopReason is not null && !cancellation.IsCancellationRequested)
        {
            _stopReason.Throw();
            throw;
        }
    }

    /// <summary>The first stored response that is a final answer by the reading of today; null where there is none.</summary>
    public async Task<ChatAnswer<TAnswer>?> FindStoredAsync(ChatQuestion question)
    {
        foreach (StoredResponse response in _ledger.ResponsesTo(question.Key))
        {
            // A whole answer of another snapshot was put aside when it came.
            if (response.Outcome != AttemptOutcome.OtherSnapshot)
            {
                ChatAnswer<TAnswer> answer = await CarryAsync(question, new Exchange(response), [new ChatMessage(ChatRole.User, "")], CancellationToken.None).ConfigureAwait(false);
                if (answer.IsFinal)
                {
                    return answer with { When = response.When };
                }
            }
        }

        return null;
    }

    public void Dispose()
    {
        _network.Dispose();
        _token?.Dispose();
        _stopped.Dispose();
    }

    private static ResiliencePipeline<ChatAnswer<TAnswer>> Resilience(ChatTeacherOptions options)
    {
        ResiliencePipelineBuilder<ChatAnswer<TAnswer>> builder = new();
        if (options.Attempts > 1)
        {
            builder.AddRetry(new RetryStrategyOptions<ChatAnswer<TAnswer>>
            {
                ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome.Result is { IsFinal: false }),
                MaxRetryAttempts = options.Attempts - 1,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.RetryDelay,
                MaxDelay = LongestDelay,
            });
        }

        return builder.Build();
    }

    private void Count() => Answered?.Invoke(Interlocked.Increment(ref _answered));

    private async Task<ChatAnswer<TAnswer>> AttemptAsync(ChatQuestion question, CancellationToken cancellation)
    {
        DateTimeOffset entered = await _concurrency.EnterAsync(cancellation).ConfigureAwait(false);
        ChatAnswer<TAnswer>? answer = null;
        Exchange? exchange = null;
        try
        {
            // Before anything is reserved: without a token nothing is sent.
            exchange = new Exchange(_network, _token is null ? _options.Key! : await _token.GetAsync(cancellation).ConfigureAwait(false));
            List<ChatMessage> messages = [new(ChatRole.System, question.Template.System), new(ChatRole.User, question.Contents())];
            decimal most = question.Estimate(_options).MostDollars;
            long attempt = await _ledger.ReserveAsync(question.Key, question.Description, most, cancellation).ConfigureAwait(false)
                ?? throw new InputException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"The budget is used up: {_ledger.Spent:0.0000} of {_ledger.Budget:0.00} dollars are spent and the next request may cost {most:0.0000}. What was answered is kept; give a larger --budget to go on."));
            answer = await SendAsync(question, exchange, messages, cancellation).ConfigureAwait(false);
            if (answer.Outcome == AttemptOutcome.Answered && !_ledger.Accepts(answer.Snapshot))
            {
                answer = answer with { Outcome = AttemptOutcome.OtherSnapshot };
            }

            decimal? charged = Charged(answer, exchange.Status);
            AttemptEnd end = new(answer.Outcome, charged, exchange.Status, exchange.Body, answer.Snapshot, answer.InputTokens, answer.CachedTokens, answer.OutputTokens);
            DateTimeOffset ended = await _ledger.SettleAsync(attempt, end).ConfigureAwait(false);
            ThrowIfHopeless(answer, exchange, charged, most);
            return answer with { When = ended };
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            Stop(exception);
            throw;
        }
        finally
        {
            _concurrency.Leave(entered, answer?.Outcome == AttemptOutcome.RateLimited, exchange?.RetryAfter);
        }
    }

    private async Task<ChatAnswer<TAnswer>> SendAsync(ChatQuestion question, Exchange exchange, IList<ChatMessage> messages, CancellationToken cancellation)
    {
        using CancellationTokenSource limit = new(_options.Timeout);
        using CancellationTokenRegistration registration = cancellation.Register(() => limit.CancelAfter(Grace < _options.Timeout ? Grace : _options.Timeout));
        return await CarryAsync(question, exchange, messages, limit.Token).ConfigureAwait(false);
    }

    /// <summary>Carries a question through the client library, over the network or from the ledger, and understands what comes back.</summary>
    private async Task<ChatAnswer<TAnswer>> CarryAsync(ChatQuestion question, Exchange exchange, IList<ChatMessage> messages, CancellationToken cancellation)
    {
        ChatResponse? response = null;
        string? problem = null;
        try
        {
            using HttpClient http = new(exchange, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
            using IChatClient client = ChatRoute.Connect(_options, exchange.Secret, http);
            ChatOptions options = new()
            {
                Temperature = _options.Temperature,
                MaxOutputTokens = question.MostTokens,
                Seed = question.Seed,
                ResponseFormat = ChatResponseFormat.ForJsonSchema(question.Template.Schema, question.Template.SchemaName),
                AdditionalProperties = new AdditionalPropertiesDictionary { ["strict"] = true },
            };
            response = await client.GetResponseAsync(messages, options, cancellation).ConfigureAwait(false);
        }
        catch (Exception exception) when (exchange.Status is not null || exception is OperationCanceledException or HttpRequestException or IOException or System.ClientModel.ClientResultException)
        {
            // Whatever the library makes of a failure: status and body say what it was, and both are kept.
            problem = exception.Message;
        }

        return exchange switch
        {
            { Body: null } => Failed(cancellation.IsCancellationRequested ? AttemptOutcome.TimedOut : AttemptOutcome.Dropped, problem),
            { Status: 200 } when response is not null => Understand(question, response),
            { Status: 200 } => Failed(AttemptOutcome.Unreadable, problem),
            { Status: 429 } when ErrorText(exchange.Body, "code") != "insufficient_quota" => Failed(AttemptOutcome.RateLimited, problem),
            { Status: 400 } when ErrorText(exchange.Body, "code") == "content_filter" => Failed(AttemptOutcome.Filtered, ErrorText(exchange.Body, "message")),
            { Status: 408 or 409 or >= 500 } => Failed(AttemptOutcome.ServerError, problem),
            _ => Failed(AttemptOutcome.Rejected, problem),
        };

        static ChatAnswer<TAnswer> Failed(AttemptOutcome outcome, string? problem) => new(outcome, null, null, null, null, null, null, problem);
    }

    private ChatAnswer<TAnswer> Understand(ChatQuestion question, ChatResponse response)
    {
        UsageDetails? usage = response.Usage;
        ChatAnswer<TAnswer> Answer(AttemptOutcome outcome, TAnswer? value, string? problem) =>
            new(outcome, value, response.ModelId, response.ResponseId, usage?.InputTokenCount, usage?.CachedInputTokenCount, usage?.OutputTokenCount, problem);

        if (response.Messages.SelectMany(message => message.Contents).OfType<ErrorContent>().FirstOrDefault() is { } refusal)
        {
            return Answer(AttemptOutcome.Refused, null, refusal.Message);
        }

        if (response.FinishReason == ChatFinishReason.ContentFilter)
        {
            return Answer(AttemptOutcome.Filtered, null, "content filter");
        }

        if (response.FinishReason == ChatFinishReason.Length)
        {
            return Answer(AttemptOutcome.CutShort, null, "the answer ended at its largest length");
        }

        try
        {
            return Answer(AttemptOutcome.Answered, _read(response.Text, question.Patches), null);
        }
        catch (JsonException exception)
        {
            return Answer(AttemptOutcome.Unreadable, null, exception.Message);
        }
    }

    /// <summary>The service's own count; nothing for what it turned away; unknown, so the reservation, for everything else.</summary>
    private decimal? Charged(ChatAnswer<TAnswer> answer, int? status) =>
        answer is { InputTokens: { } input, OutputTokens: { } output } ? _options.Price.Cost(input, Math.Min(input, answer.CachedTokens ?? 0), output)
        : status is >= 400 and < 500 ? 0
        : null;

    private void ThrowIfHopeless(ChatAnswer<TAnswer> answer, Exchange exchange, decimal? charged, decimal reserved)
    {
        if (answer.Outcome == AttemptOutcome.OtherSnapshot)
        {
            throw new InputException($"The service answers as '{answer.Snapshot}' now; the labels so far are by '{_ledger.Snapshot}'. Grades of two models are not one label set: name the snapshot with --model, or begin another --out.");
        }

        if (answer.Outcome == AttemptOutcome.Rejected)
        {
            throw new InputException($"The service at {_options.Endpoint} turns requests for '{_options.Model}' away with status {exchange.Status}: {ErrorText(exchange.Body, "message") ?? "it does not say why"}");
        }

        if (charged > reserved)
        {
            throw new InputException(string.Create(
                CultureInfo.InvariantCulture,
                $"The service counted {answer.InputTokens} + {answer.OutputTokens} tokens, {charged:0.000000} dollars, where at most {reserved:0.000000} was reserved. The price table's tokens per picture do not fit the model '{_options.Model}': correct them with --prices or --priced-as."));
        }
    }

    /// <summary>Remembers why everything stops, for the questions that are still waiting.</summary>
    private void Stop(Exception reason)
    {
        if (Interlocked.CompareExchange(ref _stopReason, ExceptionDispatchInfo.Capture(reason), null) is null)
        {
            _stopped.Cancel();
        }
    }

    /// <summary>A text of the protocol's error object; null where there is none.</summary>
    private static string? ErrorText(byte[]? body, string name)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body ?? []);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("error", out JsonElement error) && error.ValueKind == JsonValueKind.Object
                && error.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (JsonException)
        {
            // No JSON, so no error object: the status alone decides.
            return null;
        }
    }
}
