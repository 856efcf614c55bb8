using Azure.Core;
using Azure.Identity;

namespace HaloLab.Distillation;

/// <summary>
/// The token of an Azure identity, asked for once and again when it is about to run out: some identities ask a program each time, and there are many requests.
/// </summary>
internal sealed class IdentityToken : IDisposable
{
    // The service's own documented scope.
    private static readonly TokenRequestContext Scope = new(["https://cognitiveservices.azure.com/.default"]);
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);

    private readonly TokenCredential _identity;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _turn = new(1);
    private AccessToken? _token;

    public IdentityToken(TokenCredential identity, TimeProvider clock) => (_identity, _clock) = (identity, clock);

    /// <exception cref="InputException">There is no identity that could sign in.</exception>
    public async Task<string> GetAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_token is not { } token || token.ExpiresOn < _clock.GetUtcNow() + Margin)
            {
                token = await _identity.GetTokenAsync(Scope, cancellation).ConfigureAwait(false);
                _token = token;
            }

            return token.Token;
        }
        catch (AuthenticationFailedException exception)
        {
            throw new InputException($"--azure-identity: {exception.Message}", exception);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();
}
