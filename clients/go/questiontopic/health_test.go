package questiontopic_test

import (
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// watched is a server that also tells its health.
type watched struct {
	failing
	*health.Server
}

func TestAServerGetsCallsOnlyWhileItsHealthIsServing(t *testing.T) {
	name := questiontopicv1.TopicService_ServiceDesc.ServiceName
	states := []grpc_health_v1.HealthCheckResponse_ServingStatus{
		grpc_health_v1.HealthCheckResponse_SERVING, grpc_health_v1.HealthCheckResponse_NOT_SERVING}
	var servers []watched
	var addresses []resolver.Address
	for _, state := range states {
		server := watched{failing{code: codes.OK, attempts: new(atomic.Int64)}, health.NewServer()}
		server.SetServingStatus(name, state)
		servers = append(servers, server)
		addresses = append(addresses, resolver.Address{Addr: topictest.Serve(t, server)})
	}
	both := manual.NewBuilderWithScheme("two")
	both.InitialState(resolver.State{Addresses: addresses})
	client := newClient(t, "two:///servers", questiontopic.WithHealthChecks(), questiontopic.WithDialOptions(grpc.WithResolvers(both)))
	for _, loading := range []int{1, 0, 1} {
		servers[1-loading].SetServingStatus(name, grpc_health_v1.HealthCheckResponse_SERVING)
		servers[loading].SetServingStatus(name, grpc_health_v1.HealthCheckResponse_NOT_SERVING)
		for inRow := 0; inRow < 100; inRow++ { // Calls until 100 in a row have gone to the other server.
			before := servers[loading].attempts.Load()
			if _, err := client.Predict(t.Context(), coarse, "Who?"); err != nil {
				t.Fatal(err)
			}
			if servers[loading].attempts.Load() != before {
				inRow = 0
			}
			if servers[loading].attempts.Load() == 2_000 {
				t.Fatal("a server that does not serve gets calls")
			}
		}
	}
}
