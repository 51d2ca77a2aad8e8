"""An OTLP receiver that shares no code with the exporters under test: grpcio and http.server, decoded by opentelemetry-proto.

It listens on two ports of 127.0.0.1, prints one JSON object a line on standard output, and does as it is told on standard
input until that ends. The first line names the ports:

    {"type":"listening","grpc":40001,"http":40002}

Then a line for each request that was read, with the answer that it gets, and one for each record that the receiver takes:

    {"type":"request","protocol":"grpc","signal":"traces","records":2,"bytes":310,"encoding":null,"mode":"accept",
     "headers":{...}}
    {"type":"span","trace_id":"0af7...","span_id":"b7ad...","parent_span_id":"","name":"GET /","kind":"SERVER",...}
    {"type":"metric","name":"http_requests","data":"sum","points":[...],...}
    {"type":"log","severity_text":"INFO","body":"started",...}

A record is printed before its request is answered, and only if the receiver keeps it: `partial`, `unavailable` and their like
print none of those that they refuse.

Commands, one a line; each is answered by {"type":"told","command":...} once it is in force:

    accept                    take everything (as it begins)
    partial N [MESSAGE]       take all but the first N records, and say so (OTLP, "Partial Success")
    hang                      read the request, take nothing, never answer
    swallow                   take everything, never answer
    slow SECONDS              take everything, answer that much later
    exhausted [SECONDS]       RESOURCE_EXHAUSTED or 429; with SECONDS, RetryInfo or Retry-After
    unavailable [SECONDS]     UNAVAILABLE or 503; likewise
    status CODE [HTTP]        this gRPC status and this HTTP status (400)
    garbage                   success, with a body that is no protobuf
    close_midstream           read the request, take nothing, reset the connection
    for N COMMAND             the command, for the next N requests only
    reset                     reset all connections that are open now
    refuse                    reset all connections, and refuse new ones
    resume                    listen again, on the same ports

`--tls-cert FILE --tls-key FILE` speak TLS on both ports, `--tls-client-ca FILE` asks for client certificates.
"""

import argparse
import gzip
import http.server
import json
import math
import socket
import ssl
import struct
import sys
import threading
from concurrent import futures

try:
    import grpc
    from google.protobuf import any_pb2, duration_pb2
    from google.rpc import error_details_pb2, status_pb2
    from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
    from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
    from opentelemetry.proto.logs.v1 import logs_pb2
    from opentelemetry.proto.metrics.v1 import metrics_pb2
    from opentelemetry.proto.trace.v1 import trace_pb2
except ImportError as error:
    print(f"{error}; expected grpcio, opentelemetry-proto and googleapis-common-protos", file=sys.stderr)
    sys.exit(3)

GARBAGE = b"\xff\xff\xff\xff garbage"


class Signal:
    """One of the three services: its messages, and how its records are told apart."""

    def __init__(self, name, module, title, rejected):
        self.name = name
        self.request = getattr(module, f"Export{title}ServiceRequest")
        self.response = getattr(module, f"Export{title}ServiceResponse")
        self.method = f"opentelemetry.proto.collector.{title.lower()}.v1.{title}Service"
        self.path = f"/v1/{name}"
        self.rejected = rejected


SIGNALS = [
    Signal("traces", trace_service_pb2, "Trace", "rejected_spans"),
    Signal("metrics", metrics_service_pb2, "Metrics", "rejected_data_points"),
    Signal("logs", logs_service_pb2, "Logs", "rejected_log_records"),
]


# Records as JSON.


def number(value):
    """A double; JSON has no word for those that are not finite."""
    return value if math.isfinite(value) else str(value)


def any_value(value):
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [any_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return attributes(value.kvlist_value.values)
    if kind == "bytes_value":
        return {"bytes": value.bytes_value.hex()}
    if kind == "double_value":
        return number(value.double_value)
    return getattr(value, kind)


def attributes(pairs):
    """An object; a key that is there twice, which OTLP forbids, is seen by its `duplicate:` sibling."""
    out = {}
    for pair in pairs:
        out[f"duplicate:{pair.key}" if pair.key in out else pair.key] = any_value(pair.value)
    return out


def origin(group, inner):
    """What a record inherits: its resource and its instrumentation scope."""
    scope = inner.scope
    return {
        "resource": attributes(group.resource.attributes),
        "scope": {
            "name": scope.name,
            "version": scope.version,
            "attributes": attributes(scope.attributes),
        },
        "schema_url": inner.schema_url or group.schema_url,
    }


def span(record):
    return {
        "type": "span",
        "trace_id": record.trace_id.hex(),
        "span_id": record.span_id.hex(),
        "parent_span_id": record.parent_span_id.hex(),
        "trace_state": record.trace_state,
        "flags": record.flags,
        "name": record.name,
        "kind": trace_pb2.Span.SpanKind.Name(record.kind).removeprefix("SPAN_KIND_"),
        "start": record.start_time_unix_nano,
        "end": record.end_time_unix_nano,
        "attributes": attributes(record.attributes),
        "dropped_attributes": record.dropped_attributes_count,
        "events": [
            {"name": event.name, "time": event.time_unix_nano, "attributes": attributes(event.attributes)}
            for event in record.events
        ],
        "dropped_events": record.dropped_events_count,
        "links": [
            {
                "trace_id": link.trace_id.hex(),
                "span_id": link.span_id.hex(),
                "trace_state": link.trace_state,
                "flags": link.flags,
                "attributes": attributes(link.attributes),
            }
            for link in record.links
        ],
        "dropped_links": record.dropped_links_count,
        "status": {
            "code": trace_pb2.Status.StatusCode.Name(record.status.code).removeprefix("STATUS_CODE_"),
            "message": record.status.message,
        },
    }


def exemplar(record):
    kind = record.WhichOneof("value")
    return {
        "value": None if kind is None else number(float(getattr(record, kind))),
        "time": record.time_unix_nano,
        "trace_id": record.trace_id.hex(),
        "span_id": record.span_id.hex(),
        "attributes": attributes(record.filtered_attributes),
    }


def point(record, data):
    out = {
        "attributes": attributes(record.attributes),
        "start": record.start_time_unix_nano,
        "time": record.time_unix_nano,
        "flags": record.flags,
        "exemplars": [exemplar(item) for item in getattr(record, "exemplars", [])],
    }
    if data in ("gauge", "sum"):
        kind = record.WhichOneof("value")
        value = None if kind is None else getattr(record, kind)
        out["value"] = number(value) if isinstance(value, float) else value
        return out
    out["count"] = record.count
    if data == "summary":
        out["sum"] = number(record.sum)
        out["quantiles"] = [[item.quantile, number(item.value)] for item in record.quantile_values]
        return out
    for name in ("sum", "min", "max"):
        out[name] = number(getattr(record, name)) if record.HasField(name) else None
    if data == "histogram":
        out["bounds"] = [number(bound) for bound in record.explicit_bounds]
        out["buckets"] = list(record.bucket_counts)
        return out
    out["scale"] = record.scale
    out["zero_count"] = record.zero_count
    out["zero_threshold"] = record.zero_threshold
    for side in ("positive", "negative"):
        buckets = getattr(record, side)
        out[side] = {"offset": buckets.offset, "buckets": list(buckets.bucket_counts)}
    return out


def metric(record):
    data = record.WhichOneof("data")
    body = getattr(record, data) if data else None
    out = {
        "type": "metric",
        "name": record.name,
        "description": record.description,
        "unit": record.unit,
        "data": data,
        "metadata": attributes(record.metadata),
        "points": [point(item, data) for item in body.data_points] if data else [],
    }
    if data == "sum":
        out["monotonic"] = body.is_monotonic
    if data in ("sum", "histogram", "exponential_histogram"):
        temporality = metrics_pb2.AggregationTemporality.Name(body.aggregation_temporality)
        out["temporality"] = temporality.removeprefix("AGGREGATION_TEMPORALITY_")
    return out


def log(record):
    return {
        "type": "log",
        "time": record.time_unix_nano,
        "observed_time": record.observed_time_unix_nano,
        "severity_number": record.severity_number,
        "severity": logs_pb2.SeverityNumber.Name(record.severity_number).removeprefix("SEVERITY_NUMBER_"),
        "severity_text": record.severity_text,
        "body": any_value(record.body),
        "attributes": attributes(record.attributes),
        "dropped_attributes": record.dropped_attributes_count,
        "trace_id": record.trace_id.hex(),
        "span_id": record.span_id.hex(),
        "flags": record.flags,
        "event_name": record.event_name,
    }


def records_of(signal, request):
    """Every record of a request as (JSON object, how many records OTLP counts it as)."""
    if signal.name == "traces":
        for group in request.resource_spans:
            for inner in group.scope_spans:
                for record in inner.spans:
                    yield span(record) | origin(group, inner), 1
    elif signal.name == "metrics":
        for group in request.resource_metrics:
            for inner in group.scope_metrics:
                for record in inner.metrics:
                    out = metric(record)
                    yield out | origin(group, inner), len(out["points"])
    else:
        for group in request.resource_logs:
            for inner in group.scope_logs:
                for record in inner.log_records:
                    yield log(record) | origin(group, inner), 1


# What it was told to do.


class Mode:
    """A command in force. `changed` is set when another takes its place."""

    def __init__(self, name="accept", arguments=()):
        self.name = name
        self.arguments = list(arguments)
        self.changed = threading.Event()

    def seconds(self, default=None):
        return float(self.arguments[0]) if self.arguments else default


class Script:
    """The commands, and the lines that are printed."""

    def __init__(self):
        self.lock = threading.Lock()
        self.mode = Mode()
        self.then = None
        self.left = 0

    def say(self, **line):
        text = json.dumps(line, separators=(",", ":"))
        with self.lock:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()

    def set(self, mode, requests=0):
        """Puts a mode in force, for so many requests if that is not 0."""
        with self.lock:
            before = self.mode
            self.then = (self.then or before) if requests else None
            self.left = requests
            self.mode = mode
        before.changed.set()

    def next(self):
        """The mode for the request that has just been read."""
        with self.lock:
            mode = self.mode
            if self.left:
                self.left -= 1
                if self.left == 0:
                    self.mode = Mode(self.then.name, self.then.arguments)
                    self.then = None
            return mode


class Answer:
    """What one request gets: `refusal` (gRPC code, HTTP status, seconds), or a response message."""

    def __init__(self, response=None, refusal=None, close=False):
        self.response = response
        self.refusal = refusal
        self.close = close


def handle(script, signal, protocol, body, encoding, headers, gone):
    """Takes a request as the script says; `gone` is an event that is set when the client has left."""
    request = signal.request.FromString(body)
    found = list(records_of(signal, request))
    mode = script.next()
    script.say(
        type="request",
        protocol=protocol,
        signal=signal.name,
        records=sum(count for _, count in found),
        bytes=len(body),
        encoding=encoding,
        mode=mode.name,
        headers=headers,
    )
    rejected = min(int(mode.arguments[0]), len(found)) if mode.name == "partial" else 0
    if mode.name in ("accept", "partial", "slow", "swallow", "garbage"):
        for line, _ in found[rejected:] if mode.name != "garbage" else ():
            script.say(**line)
    response = signal.response()
    if mode.name == "partial":
        setattr(response.partial_success, signal.rejected, rejected)
        response.partial_success.error_message = " ".join(mode.arguments[1:])
    if mode.name in ("accept", "partial"):
        return Answer(response)
    if mode.name == "slow":
        wait_any(gone, mode.changed, mode.seconds(1.0))
        return Answer(response)
    if mode.name in ("hang", "swallow"):
        wait_any(gone, mode.changed, None)
        return Answer(close=True)
    if mode.name == "garbage":
        return Answer(GARBAGE)
    if mode.name == "close_midstream":
        return Answer(close=True)
    if mode.name == "exhausted":
        return Answer(refusal=(grpc.StatusCode.RESOURCE_EXHAUSTED, 429, mode.seconds()))
    if mode.name == "unavailable":
        return Answer(refusal=(grpc.StatusCode.UNAVAILABLE, 503, mode.seconds()))
    code = grpc.StatusCode[mode.arguments[0]]
    return Answer(refusal=(code, int((mode.arguments[1:] or ["400"])[0]), None))


def wait_any(first, second, seconds):
    """Until one of two events is set, or the time is over."""
    woken = threading.Event()

    def watch(event):
        while not woken.is_set():
            if event.wait(0.05):
                woken.set()

    for event in (first, second):
        threading.Thread(target=watch, args=(event,), daemon=True).start()
    woken.wait(seconds)
    woken.set()


# The servers, and the gates before them.


class Gate:
    """A TCP port before a server's own: connections can be reset one by one, and the port keeps its number while it refuses."""

    def __init__(self, upstream):
        self.upstream = upstream
        self.lock = threading.Lock()
        self.connections = {}
        # Bound, and never listening: nobody else gets the port while the listener is away.
        self.reservation = self.bind(0)
        self.port = self.reservation.getsockname()[1]
        self.listener = None
        self.resume()

    @staticmethod
    def bind(port):
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", port))
        return bound

    def resume(self):
        if self.listener is None:
            self.listener = self.bind(self.port)
            self.listener.listen(128)
            threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def refuse(self):
        listener, self.listener = self.listener, None
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.reset()

    def reset(self, port=None):
        """Resets all connections, or the one that reaches the server from this port; they are gone when it returns."""
        with self.lock:
            ports = list(self.connections) if port is None else [port]
            pairs = [self.connections.pop(port) for port in ports if port in self.connections]
        for pair in pairs:
            pair.reset()

    def accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.upstream))
            except OSError:
                client.close()
                continue
            port = server.getsockname()[1]
            pair = Pair(client, server, lambda port=port: self.forget(port))
            with self.lock:
                self.connections[port] = pair
            pair.start()
            if self.listener is not listener:
                self.reset(port)  # accepted just before it was told to refuse

    def forget(self, port):
        with self.lock:
            self.connections.pop(port, None)


class Pair:
    """A client's connection and the server's, and the threads that carry bytes from each to the other."""

    def __init__(self, client, server, ended):
        self.ends = (client, server)
        self.ended = ended
        self.is_reset = False
        self.left = 2
        self.lock = threading.Lock()
        self.threads = [
            threading.Thread(target=self.carry, args=ends, daemon=True) for ends in ((client, server), (server, client))
        ]
        for end in self.ends:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def start(self):
        for thread in self.threads:
            thread.start()

    def carry(self, source, sink):
        try:
            while (data := source.recv(65536)) and not self.is_reset:
                sink.sendall(data)
            # The end of a connection that is being reset is no end to pass on: the server would answer it.
            if not self.is_reset:
                sink.shutdown(socket.SHUT_WR)
        except OSError:
            self.shut_down(socket.SHUT_RDWR)
        with self.lock:
            self.left -= 1
            last = self.left == 0 and not self.is_reset
        if last:
            self.ended()
            self.close()

    def reset(self):
        with self.lock:
            self.is_reset = True
        # Wakes the threads. Nothing is sent yet; a socket that one of them still reads from would not be closed.
        self.shut_down(socket.SHUT_RD)
        for thread in self.threads:
            if thread.ident is not None:
                thread.join(5)
        for end in self.ends:
            try:
                # RST instead of FIN.
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            except OSError:
                pass
        self.close()

    def shut_down(self, how):
        for end in self.ends:
            try:
                end.shutdown(how)
            except OSError:
                pass

    def close(self):
        for end in self.ends:
            end.close()


class GrpcHandler(grpc.GenericRpcHandler):
    def __init__(self, script, gates):
        self.script = script
        self.gates = gates
        self.signals = {f"/{signal.method}/Export": signal for signal in SIGNALS}

    def service(self, details):
        signal = self.signals.get(details.method)
        if signal is None:
            return None
        headers = {}
        for key, value in details.invocation_metadata:
            headers[key] = {"bytes": value.hex()} if isinstance(value, bytes) else value

        def export(body, context):
            gone = threading.Event()
            context.add_callback(gone.set)
            # grpcio takes what says how the message was compressed out of the metadata.
            answer = handle(self.script, signal, "grpc", body, None, headers, gone)
            if answer.close:
                self.gates["grpc"].reset(int(context.peer().rsplit(":", 1)[1]))
                context.abort(grpc.StatusCode.UNKNOWN, "closed")
            if answer.refusal:
                code, _, seconds = answer.refusal
                if seconds is not None:
                    context.set_trailing_metadata((("grpc-status-details-bin", retry_info(code, seconds)),))
                context.abort(code, f"told to say {code.name}")
            return answer.response

        return grpc.unary_unary_rpc_method_handler(
            export,
            response_serializer=lambda out: out if isinstance(out, bytes) else out.SerializeToString(),
        )


def retry_info(code, seconds):
    """The bytes of `grpc-status-details-bin`: google.rpc.Status with RetryInfo."""
    delay = duration_pb2.Duration()
    delay.FromNanoseconds(int(seconds * 1e9))
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.RetryInfo(retry_delay=delay))
    return status_pb2.Status(code=code.value[0], message="later", details=[detail]).SerializeToString()


class HttpHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script = None
    gates = None
    signals = {signal.path: signal for signal in SIGNALS}

    def do_POST(self):
        length = int(self.headers.get("content-length", "0"))
        body = self.rfile.read(length)
        signal = self.signals.get(self.path)
        if signal is None:
            return self.answer(404, b"", {})
        if self.headers.get("content-type") != "application/x-protobuf":
            return self.answer(415, b"", {})
        encoding = self.headers.get("content-encoding", "identity")
        if encoding == "gzip":
            body = gzip.decompress(body)
        headers = {key.lower(): value for key, value in self.headers.items()}
        gone = threading.Event()
        answer = handle(self.script, signal, "http", body, encoding, headers, gone)
        if answer.close:
            self.close_connection = True
            self.gates["http"].reset(self.client_address[1])
            return None
        if answer.refusal:
            code, status, seconds = answer.refusal
            said = status_pb2.Status(code=code.value[0], message=f"told to say {status}")
            more = {} if seconds is None else {"retry-after": str(math.ceil(seconds))}
            return self.answer(status, said.SerializeToString(), more)
        response = answer.response
        return self.answer(200, response if isinstance(response, bytes) else response.SerializeToString(), {})

    def answer(self, status, body, headers):
        self.send_response(status)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(body)))
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class HttpServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that has left is no news."""


def serve_grpc(script, gates, tls):
    # Threads that hang must not keep the others waiting.
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=64),
        options=[("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", 16 << 20)],
    )
    server.add_generic_rpc_handlers((GrpcHandler(script, gates),))
    if tls.tls_cert:
        read = lambda path: open(path, "rb").read() if path else None
        credentials = grpc.ssl_server_credentials(
            [(read(tls.tls_key), read(tls.tls_cert))],
            root_certificates=read(tls.tls_client_ca),
            require_client_auth=bool(tls.tls_client_ca),
        )
        port = server.add_secure_port("127.0.0.1:0", credentials)
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def serve_http(script, gates, tls):
    handler = type("Handler", (HttpHandler,), {"script": script, "gates": gates})
    server = HttpServer(("127.0.0.1", 0), handler)
    if tls.tls_cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.tls_cert, tls.tls_key)
        if tls.tls_client_ca:
            context.load_verify_locations(tls.tls_client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        # The handshake is the handler thread's, or one client that stalls would stop all others.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, server.server_address[1]


MODES = {"accept", "partial", "hang", "swallow", "slow", "exhausted", "unavailable", "status", "garbage", "close_midstream"}


def obey(script, gates, line):
    words = line.split()
    requests = 0
    if words[0] == "for":
        requests, words = int(words[1]), words[2:]
    command, arguments = words[0], words[1:]
    if command in MODES:
        script.set(Mode(command, arguments), requests)
    else:
        act = {"reset": Gate.reset, "refuse": Gate.refuse, "resume": Gate.resume}[command]
        for gate in gates.values():
            act(gate)
    script.say(type="told", command=line)


def main():
    parser = argparse.ArgumentParser(description="An OTLP receiver for tests.")
    for option in ("--tls-cert", "--tls-key", "--tls-client-ca"):
        parser.add_argument(option)
    tls = parser.parse_args()
    script, gates = Script(), {}
    grpc_server, grpc_port = serve_grpc(script, gates, tls)
    _, http_port = serve_http(script, gates, tls)
    gates["grpc"], gates["http"] = Gate(grpc_port), Gate(http_port)
    script.say(type="listening", grpc=gates["grpc"].port, http=gates["http"].port)
    for line in sys.stdin:
        if line.strip():
            obey(script, gates, line.strip())
    grpc_server.stop(0)


if __name__ == "__main__":
    main()
