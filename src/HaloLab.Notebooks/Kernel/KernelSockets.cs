using System.Text;
using System.Text.Json.Nodes;
using NetMQ;
using NetMQ.Sockets;

namespace HaloLab.Notebooks.Kernel;

/// <summary>The five sockets of a kernel. A socket belongs to one thread, but for the publishing one, which every thread may use in turn.</summary>
internal sealed class KernelSockets : IDisposable
{
    private static readonly TimeSpan HeartbeatPause = TimeSpan.FromSeconds(1);
    private static readonly byte[] Topic = Encoding.ASCII.GetBytes("kernel.");
    private readonly MessageSigner _signer;
    private readonly Lock _publishing = new();
    private readonly PublisherSocket _publish = new();
    private readonly RouterSocket _input = new();
    private readonly ResponseSocket _heartbeat = new();
    private readonly string _session = Guid.NewGuid().ToString("N");
    private readonly Thread _beating;
    private volatile bool _isOver;

    /// <exception cref="InputException">A port is taken.</exception>
    public KernelSockets(ConnectionFile connection)
    {
        _signer = new MessageSigner(connection.Key);
        try
        {
            foreach ((NetMQSocket socket, int port) in new (NetMQSocket, int)[] { (Shell, connection.Shell), (Control, connection.Control), (_input, connection.Input), (_publish, connection.Publish), (_heartbeat, connection.Heartbeat) })
            {
                // Nothing that a cell shows may be dropped because somebody reads slowly.
                socket.Options.SendHighWatermark = 0;
                socket.Options.ReceiveHighWatermark = 0;
                socket.Options.Linger = TimeSpan.FromSeconds(1);
                socket.Bind(connection.At(port));
            }
        }
        catch (NetMQException exception)
        {
            throw new InputException($"The kernel cannot listen where its connection file says ({exception.Message}). Start it again: Jupyter then chooses other ports.", exception);
        }

        _beating = new Thread(Beat) { IsBackground = true, Name = "heartbeat" };
        _beating.Start();
    }

    public RouterSocket Shell { get; } = new();

    public RouterSocket Control { get; } = new();

    /// <summary>Takes the next message; a wrong one is dropped with a line on the real stderr.</summary>
    /// <returns>Null when there is none within <paramref name="wait"/>, or it was dropped.</returns>
    public KernelMessage? Receive(RouterSocket socket, TimeSpan wait, TextWriter log)
    {
        NetMQMessage? frames = null;
        if (!socket.TryReceiveMultipartMessage(wait, ref frames))
        {
            return null;
        }

        KernelMessage? message = KernelMessage.Read(frames!, _signer, out string problem);
        if (message is null)
        {
            log.WriteLine($"A message was dropped: {problem}.");
        }

        return message;
    }

    /// <summary>Answers whoever sent a message; on the thread of the socket.</summary>
    public void Answer(RouterSocket socket, KernelMessage message, string type, JsonObject content) =>
        socket.SendMultipartMessage(KernelMessage.Write(message.Identities, type, content, message.Header, _session, _signer));

    /// <summary>Tells everybody who listens; on any thread.</summary>
    /// <param name="type">Type of the message.</param>
    /// <param name="content">Its content.</param>
    /// <param name="parent">Header of the message that caused it.</param>
    public void Publish(string type, JsonObject content, JsonObject? parent)
    {
        lock (_publishing)
        {
            if (!_isOver)
            {
                _publish.SendMultipartMessage(KernelMessage.Write([[.. Topic, .. Encoding.ASCII.GetBytes(type)]], type, content, parent, _session, _signer));
            }
        }
    }

    public void Dispose()
    {
        lock (_publishing)
        {
            _isOver = true;
        }

        _beating.Join();
        Shell.Dispose();
        Control.Dispose();
        _input.Dispose();
        _heartbeat.Dispose();
        _publish.Dispose();
        NetMQConfig.Cleanup(block: true);
    }

    /// <summary>Echoes what the front end sends to see whether the kernel lives.</summary>
    private void Beat()
    {
        Msg message = default;
        message.InitEmpty();
        while (!_isOver)
        {
            if (_heartbeat.TryReceive(ref message, HeartbeatPause))
            {
                _heartbeat.TrySend(ref message, HeartbeatPause, more: false);
            }
        }
    }
}
