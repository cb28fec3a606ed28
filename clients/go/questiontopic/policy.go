package questiontopic

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	_ "google.golang.org/grpc/health" // Without it gRPC ignores the health checks of a service config.
	"google.golang.org/grpc/keepalive"

	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// serviceConfig returns gRPC's service config: the retries, the load balancing and, with watched, the health checks. The
// name of the service comes from its descriptor, because gRPC silently ignores a policy for a misspelt service.
func serviceConfig(watched bool) string {
	name, health := questiontopicv1.TopicService_ServiceDesc.ServiceName, ""
	if watched {
		health = fmt.Sprintf(`"healthCheckConfig": {"serviceName": %q},`, name)
	}
	return fmt.Sprintf(`{
		%s
		"loadBalancingConfig": [{"round_robin": {}}],
		"methodConfig": [{
			"name": [{"service": %q}],
			"retryPolicy": {
				"maxAttempts": 4,
				"initialBackoff": "0.1s",
				"maxBackoff": "1s",
				"backoffMultiplier": 2,
				"retryableStatusCodes": ["UNAVAILABLE"]
			}
		}]
	}`, health, name)
}

// keepaliveParameters find a server that has frozen or whose network is gone: without a sign of life for 15 seconds while calls
// wait, the connection is given up, and its calls are sent to another server if they have time left. Without pings the
// kernel would notice after a quarter of an hour. gRPC sends no more than one ping in 10 seconds.
var keepaliveParameters = keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 5 * time.Second}

// connectParams returns how long gRPC waits before it connects again to a server that could not be reached: 1 second, and
// more with each attempt. gRPC's own maximum is 2 minutes: so long calls would fail although the server is back.
func connectParams() grpc.ConnectParams {
	pauses := backoff.DefaultConfig
	pauses.MaxDelay = 3 * time.Second
	return grpc.ConnectParams{Backoff: pauses, MinConnectTimeout: 20 * time.Second} // gRPC's own, which would else be 0.
}

// setDeadline gives a deadline to calls without one. The timeout of a service config would also shorten longer
// deadlines.
func setDeadline(timeout time.Duration) grpc.UnaryClientInterceptor {
	return func(
		ctx context.Context, method string, request, response any,
		connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
	) error {
		if _, set := ctx.Deadline(); !set {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, timeout)
			defer cancel()
		}
		return invoke(ctx, method, request, response, connection, options...)
	}
}
