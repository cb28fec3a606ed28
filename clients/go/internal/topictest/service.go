// Package topictest has real servers for the module's tests: gRPC servers in the test's process, a question-topic server
// as a separate process, certificates for both, and the module's commands as processes.
package topictest

import (
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// Serve runs service on a free port until the test ends, and returns the address.
func Serve(t testing.TB, service questiontopicv1.TopicServiceServer, options ...grpc.ServerOption) string {
	t.Helper()
	address, stop, err := Start(service, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return address
}

// Start runs service, and its health if it has that, on a free port until stop is called.
func Start(
	service questiontopicv1.TopicServiceServer, options ...grpc.ServerOption,
) (address string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := grpc.NewServer(options...)
	questiontopicv1.RegisterTopicServiceServer(server, service)
	if health, ok := service.(grpc_health_v1.HealthServer); ok {
		grpc_health_v1.RegisterHealthServer(server, health)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	stop = func() {
		server.Stop()
		<-served
	}
	return listener.Addr().String(), stop, nil
}
