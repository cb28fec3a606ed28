package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
)

// received is a collector that keeps the spans that it gets.
type received struct {
	collector.UnimplementedTraceServiceServer
	mutex    sync.Mutex
	spans    []*otlp.Span
	services []string
}

func (r *received) Export(
	_ context.Context, request *collector.ExportTraceServiceRequest,
) (*collector.ExportTraceServiceResponse, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, resource := range request.GetResourceSpans() {
		for _, attribute := range resource.GetResource().GetAttributes() {
			if attribute.GetKey() == "service.name" {
				r.services = append(r.services, attribute.GetValue().GetStringValue())
			}
		}
		for _, scope := range resource.GetScopeSpans() {
			r.spans = append(r.spans, scope.GetSpans()...)
		}
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

// find returns the only span with the name in the trace; an empty trace stands for any.
func (r *received) find(t *testing.T, name, trace string) *otlp.Span {
	t.Helper()
	r.mutex.Lock()
	defer r.mutex.Unlock()
	var found []*otlp.Span
	for _, span := range r.spans {
		if span.GetName() == name && (trace == "" || fmt.Sprintf("%x", span.GetTraceId()) == trace) {
			found = append(found, span)
		}
	}
	if len(found) != 1 {
		t.Fatalf("got %d spans %s in the trace %q of %v", len(found), name, trace, r.spans)
	}
	return found[0]
}

// collect starts a collector, and tells gateways that start afterwards where it is.
func collect(t *testing.T) *received {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	received, server := &received{}, grpc.NewServer()
	collector.RegisterTraceServiceServer(server, received)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		<-served
	})
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+listener.Addr().String())
	return received
}
