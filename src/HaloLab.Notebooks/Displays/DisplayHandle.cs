namespace HaloLab.Notebooks.Displays;

/// <summary>Something that was displayed and can be replaced where it stands, for example a curve that grows.</summary>
public sealed class DisplayHandle
{
    private readonly Action<object?> _update;

    internal DisplayHandle(string id, Action<object?> update)
    {
        Id = id;
        _update = update;
    }

    /// <summary>Jupyter's <c>display_id</c>.</summary>
    public string Id { get; }

    /// <summary>Shows another value in the same place.</summary>
    public void Update(object? value) => _update(value);
}
