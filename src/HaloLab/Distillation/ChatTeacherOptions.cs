using Azure.Core;

namespace HaloLab.Distillation;

/// <summary>Which chat model is asked, how, and with how much money.</summary>
public sealed record ChatTeacherOptions
{
    /// <summary>Azure's environment variable of the key.</summary>
    public const string AzureKeyVariable = "AZURE_OPENAI_API_KEY";

    /// <summary>The environment variable of the key for OpenAI and compatible servers.</summary>
    public const string OpenAiKeyVariable = "OPENAI_API_KEY";

    public required ChatApi Api { get; init; }

    /// <summary>Azure: the resource's address. Otherwise the base address, for example <c>https://api.openai.com/v1</c>. Plain http only to this machine.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>The model, or with Azure the name of the deployment.</summary>
    public required string Model { get; init; }

    /// <summary>The secret; null where nothing is to be sent (<see cref="ReplayOnly"/>). Never written anywhere.</summary>
    public string? Key { get; init; }

    /// <summary>An Azure identity (Entra ID) whose tokens are sent instead of <see cref="Key"/>; null for the key.</summary>
    public TokenCredential? Identity { get; init; }

    /// <summary>What tokens cost.</summary>
    public required ModelPrice Price { get; init; }

    /// <summary>Dollars that all attempts of the ledger together may cost, at least 0.</summary>
    public required decimal Budget { get; init; }

    /// <summary>What is shown.</summary>
    public TeacherView View { get; init; } = new();

    /// <summary>0 .. 2, or null to leave it out, for models that refuse it. Default 0.</summary>
    public float? Temperature { get; init; } = 0;

    /// <summary>Seed of the orders in which patches are asked, and of the choice of repeats and duplicates.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Share of clips graded a second time in another order, 0 .. 1. Default 0.05.</summary>
    public double RepeatShare { get; init; } = 0.05;

    /// <summary>Share of requests in which one patch is hidden twice, 0 .. 1. Default 0.05.</summary>
    public double DuplicateShare { get; init; } = 0.05;

    /// <summary>Requests in flight at most, at least 1; fewer after the service asked to slow down. Default 16.</summary>
    public int InFlight { get; init; } = 16;

    /// <summary>Time for one attempt. Default 100 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>Attempts at one request within a run, at least 1. Default 12.</summary>
    public int Attempts { get; init; } = 12;

    /// <summary>Wait before the second attempt; it doubles from there to at most 30 s, with jitter. Default 0.5 s.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Whether stored responses are all there is: what is not stored is an error and nothing is sent.</summary>
    public bool ReplayOnly { get; init; }

    /// <exception cref="InputException">A value is out of its range.</exception>
    public void Validate()
    {
        View.Validate();
        Require(Endpoint.IsAbsoluteUri && (Endpoint.Scheme == Uri.UriSchemeHttps || (Endpoint.Scheme == Uri.UriSchemeHttp && Endpoint.IsLoopback)), $"--endpoint {Endpoint}", "an https address (plain http only to this machine: the key would travel in the open)");
        Require(Endpoint.UserInfo.Length == 0 && Endpoint.Query.Length == 0, "--endpoint", "an address without user, password and query");
        Require(!string.IsNullOrWhiteSpace(Model), "--model is empty", "the name of a model, or of a deployment with Azure");
        Require(Budget >= 0, $"--budget {Budget}", "at least 0 dollars");
        Require(Temperature is null or (>= 0 and <= 2), $"--temperature {Temperature}", "0 to 2");
        Require(RepeatShare is >= 0 and <= 1, $"--repeat-share {RepeatShare}", "0 to 1");
        Require(DuplicateShare is >= 0 and <= 1, $"--duplicate-share {DuplicateShare}", "0 to 1");
        Require(InFlight is >= 1 and <= 512, $"--in-flight {InFlight}", "1 to 512");
        Require(Timeout > TimeSpan.Zero, $"--timeout {Timeout.TotalSeconds}", "above 0 seconds");
        Require(Attempts >= 1, $"--attempts {Attempts}", "at least 1");
        Require(Identity is null || Api == ChatApi.Azure, "--azure-identity", "Azure's address form (--api azure)");
        Require(Key is null || Key.All(letter => letter is > ' ' and <= '~'), "the key from the environment holds a blank or another character that no key has", "printable ASCII");
        Require(ReplayOnly || Identity is not null || !string.IsNullOrEmpty(Key), "there is no key", $"the environment variable {(Api == ChatApi.Azure ? AzureKeyVariable + " to hold it, or --azure-identity" : OpenAiKeyVariable + " to hold it")}");
    }

    private static void Require(bool holds, string given, string expected)
    {
        if (!holds)
        {
            throw new InputException($"{given}: expected {expected}.");
        }
    }
}
