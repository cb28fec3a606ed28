package main

import (
	"strings"
	"testing"

	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
)

func TestHealthIsThatOfTheServer(t *testing.T) {
	address, stop, err := topictest.Start(newService(topictest.Answer))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { stop() }()
	gateway := start(t, address)
	health := grpc_health_v1.NewHealthClient(dial(t, gateway.address))
	check := func(service string) string {
		checked, err := health.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: service})
		return checked.GetStatus().String() + " " + status.Code(err).String()
	}
	for service, want := range map[string]string{
		"": "SERVING OK", "questiontopic.v1.TopicService": "SERVING OK", "other": "UNKNOWN NotFound",
	} {
		if got := check(service); got != want {
			t.Errorf("%q: got %s, want %s", service, got, want)
		}
	}
	stop()
	stop = func() {}
	if got := check(""); got != "NOT_SERVING OK" {
		t.Errorf("without a server: got %s, want NOT_SERVING", got)
	}
}

func TestReflectionNamesTheServices(t *testing.T) {
	gateway := start(t, newBackend(t, topictest.Answer))
	stream, err := grpc_reflection_v1.NewServerReflectionClient(dial(t, gateway.address)).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&grpc_reflection_v1.ServerReflectionRequest{
		MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{}}); err != nil {
		t.Fatal(err)
	}
	answered, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	if got := answered.String(); !strings.Contains(got, "questiontopic.v1.TopicService") ||
		!strings.Contains(got, "grpc.health.v1.Health") {
		t.Errorf("got %s", got)
	}
	_ = stream.CloseSend()
}
