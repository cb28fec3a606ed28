package main

import (
	"context"
	"log"
	"net/http"
	"slices"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// flushTimeout is the time for the last spans, at the end of the drain.
const flushTimeout = 2 * time.Second

// traces makes spans of the requests and sends them to a collector, as OpenTelemetry's own variables say. A nil one does
// nothing.
type traces struct {
	provider    *sdk.TracerProvider
	propagators propagation.TextMapPropagator
	log         *log.Logger
}

// newTraces returns nil without --traces. It does not wait for the collector. The traces of callers go on only if their
// header traceparent does.
func newTraces(ctx context.Context, chosen options, log *log.Logger) (*traces, error) {
	if !chosen.traces {
		return nil, nil
	}
	exporter, err := otlptracegrpc.New(ctx)
	if err != nil {
		return nil, err
	}
	described, err := resource.New(ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(semconv.ServiceName("questiontopic-gateway")), resource.WithFromEnv())
	if err != nil {
		return nil, err
	}
	provider := sdk.NewTracerProvider(
		sdk.WithBatcher(&toldExporter{SpanExporter: exporter, log: log}), sdk.WithResource(described))
	propagators := propagation.NewCompositeTextMapPropagator()
	if slices.Contains(chosen.forward, "traceparent") {
		propagators = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{})
	}
	return &traces{provider, propagators, log}, nil
}

// around returns a handler whose requests have a span each.
func (t *traces) around(next http.Handler) http.Handler {
	if t == nil {
		return next
	}
	return otelhttp.NewHandler(next, "", otelhttp.WithTracerProvider(t.provider), otelhttp.WithPropagators(t.propagators),
		otelhttp.WithMeterProvider(noop.NewMeterProvider()))
}

// end sends the spans that the collector has not got yet.
func (t *traces) end() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		t.log.Printf("the last spans did not reach the collector: %v", err)
	}
}

// toldExporter says in the log when the collector goes away and when it comes back. The SDK never calls it twice at a time.
type toldExporter struct {
	sdk.SpanExporter
	log  *log.Logger
	away bool
}

// ExportSpans returns no error, because the SDK would write each one to standard error.
func (e *toldExporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	switch {
	case err != nil && !e.away:
		e.log.Printf("the collector of the spans is away: %v", err)
	case err == nil && e.away:
		e.log.Print("the collector of the spans answers again")
	}
	e.away = err != nil
	return nil
}
