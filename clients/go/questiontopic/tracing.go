package questiontopic

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// tracerName names this package as the source of its spans.
const tracerName = "github.com/question-topic/question-topic/clients/go/questiontopic"

// traceCalls gives a call a span below its caller's, and tells the server of it. It leaves alone a call whose caller has
// no span, and one whose metadata has a traceparent already.
func traceCalls(
	ctx context.Context, method string, request, response any,
	connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	caller := trace.SpanFromContext(ctx)
	if !caller.SpanContext().IsValid() {
		return invoke(ctx, method, request, response, connection, options...)
	}
	outgoing, _ := metadata.FromOutgoingContext(ctx)
	if len(outgoing.Get(traceparentKey)) > 0 {
		return invoke(ctx, method, request, response, connection, options...)
	}
	var span trace.Span
	if caller.IsRecording() {
		ctx, span = startCall(ctx, caller, method)
	}
	err := invoke(withTraceContext(ctx, outgoing), method, request, response, connection, options...)
	endSpan(span, err)
	return err
}

// withTraceContext returns a context whose calls have the metadata, and tell the server of the span in ctx.
func withTraceContext(ctx context.Context, outgoing metadata.MD) context.Context {
	outgoing = outgoing.Copy()
	delete(outgoing, tracestateKey) // Of another trace.
	for key, value := range traceContext(ctx) {
		outgoing.Set(key, value)
	}
	return metadata.NewOutgoingContext(ctx, outgoing)
}

// traceContext returns the headers of W3C Trace Context for the span in ctx.
func traceContext(ctx context.Context) propagation.MapCarrier {
	headers := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, headers)
	return headers
}

// startWait starts the span of a question that waits for its answer. It returns nil if the caller has no span that records.
func startWait(ctx context.Context, texts int) trace.Span {
	caller := trace.SpanFromContext(ctx)
	if !caller.IsRecording() {
		return nil
	}
	_, wait := tracer(caller).Start(ctx, "questiontopic.wait", trace.WithAttributes(attribute.Int("questiontopic.texts", texts)))
	return wait
}

// startCall starts the span of a call below parent.
func startCall(
	ctx context.Context, parent trace.Span, method string, links ...trace.Link,
) (context.Context, trace.Span) {
	name := method[1:] // Without the slash in front of it.
	return tracer(parent).Start(trace.ContextWithSpan(ctx, parent), name,
		trace.WithSpanKind(trace.SpanKindClient), trace.WithLinks(links...),
		trace.WithAttributes(semconv.RPCSystemNameGRPC, semconv.RPCMethod(name)))
}

// tracer returns a tracer of the provider that made the span.
func tracer(span trace.Span) trace.Tracer {
	return span.TracerProvider().Tracer(tracerName, trace.WithInstrumentationVersion(Version))
}

// endSpan ends a span with the outcome of its call. A nil span is allowed.
func endSpan(span trace.Span, err error) {
	if span == nil {
		return
	}
	ended := status.Convert(err)
	span.SetAttributes(semconv.RPCResponseStatusCode(code.Code(ended.Code()).String()))
	if err != nil {
		span.SetStatus(codes.Error, ended.Message())
	}
	span.End()
}
