using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using Assembly = System.Reflection.Assembly;

namespace HaloLab.Tests.Architecture;

/// <summary>
/// Finds types that use a room below their own. Rooms are the namespaces one step below a root; a room may use itself, those above it in
/// the order, and the types of the root itself, which use no room.
/// </summary>
internal sealed class DependencyDirection(string root, params string[] roomsInOrder)
{
    private const string OfRoot = "";

    /// <summary>One sentence per forbidden use and per namespace that is no room; empty where all is well.</summary>
    public string[] Violations(Assembly assembly)
    {
        SortedSet<string> violations = new(StringComparer.Ordinal);
        foreach (IType type in new ArchLoader().LoadAssembly(assembly).Build().Types)
        {
            if (RoomOf(type) is not { } room)
            {
                continue;
            }

            if (room != OfRoot && !roomsInOrder.Contains(room))
            {
                violations.Add($"{type.FullName} lies in {room}, which is no room of docs/architecture.md.");
                continue;
            }

            foreach (IType target in type.Dependencies.Select(dependency => dependency.Target))
            {
                if (RoomOf(target) is { } used && !MayUse(room, used))
                {
                    violations.Add($"{type.FullName} uses {target.FullName}, which lies below it.");
                }
            }
        }

        return [.. violations];
    }

    private bool MayUse(string room, string used) =>
        used == OfRoot || used == room || (room != OfRoot && Array.IndexOf(roomsInOrder, used) < Array.IndexOf(roomsInOrder, room));

    /// <summary>The room's name, nothing for the root's own types, null for types that lie elsewhere.</summary>
    private string? RoomOf(IType type)
    {
        string name = type.Namespace?.FullName ?? "";
        return !IsWithin(name, root) ? null : name.Length == root.Length ? OfRoot : name[(root.Length + 1)..].Split('.')[0];
    }

    private static bool IsWithin(string name, string parent) => name == parent || name.StartsWith(parent + ".", StringComparison.Ordinal);
}
