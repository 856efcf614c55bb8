// Types that use each other in every way that the compiler hides from a type's signature.
using HaloLab.Tests.Architecture.Fakes.Lower;
using HaloLab.Tests.Architecture.Fakes.Upper;

namespace HaloLab.Tests.Architecture.Fakes
{
    public class Root
    {
        public static int Value() => 1;
    }
}

namespace HaloLab.Tests.Architecture.Fakes.Upper
{
    public class Innocent
    {
        public static int UsesRoot() => Root.Value();
    }

    public class UsesInBody
    {
        public static object Make() => Below.Value();
    }

    public class UsesInLambda
    {
        public static Func<object> Make() => () => Below.Value();
    }

    public class UsesInIterator
    {
        public static IEnumerable<object> Make()
        {
            yield return Below.Value();
        }
    }

    public class UsesInAsync
    {
        public static async Task<object> Make()
        {
            await Task.Yield();
            return Below.Value();
        }
    }

    public class UsesInLocalFunction
    {
        public static object Make(int times)
        {
            object Inner() => times > 0 ? Below.Value() : times;
            return Inner();
        }
    }

    public class UsesAsGenericArgument
    {
        public static object Make() => new List<Below>();
    }

    public class UsesInCapturingLambda
    {
        public static Func<object> Make(int times) => () => times + Below.Value();
    }

    public class UsesInTypeOf
    {
        public static object Make() => typeof(Below);
    }

    public class UsesAsGenericMethodArgument
    {
        public static object Make() => Array.Empty<Below>();
    }

    public class UsesInProperty
    {
        public Below? Property { get; set; }
    }

    public class UsesInCast
    {
        public static bool Make(object it) => it is Below;
    }

    public class Outer
    {
        public class UsesInNested
        {
            public static object Make() => Below.Value();
        }
    }
}

namespace HaloLab.Tests.Architecture.Fakes.Lower
{
    public class Below
    {
        public static int Value() => Innocent.UsesRoot();
    }
}

namespace HaloLab.Tests.Architecture.Fakes.Unlisted
{
    public class Stranger
    {
    }
}
