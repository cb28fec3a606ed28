// Command loadgen sends recorded requests to a server over gRPC or HTTP/1.1 and prints the results as JSON.
//
// The program knows no server's messages. A request is bytes that another program encoded, so every server gets the
// same questions.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "loadgen:", err)
		os.Exit(1)
	}
}

func run() error {
	target := flag.String("target", "", "grpc://HOST:PORT/package.Service/Method, client://HOST:PORT for the project's client with health checks, merged://HOST:PORT for it with merging, or http://HOST:PORT/PATH")
	requests := flag.String("requests", "", "`file` of requests; requests.go describes its format")
	connections := flag.Int("connections", 8, "gRPC connections, which calls use in turn; over HTTP each call in flight has its own")
	inFlight := flag.Int("in-flight", 1, "callers; each starts its next call when its call has ended")
	rate := flag.Float64("rate", 0, "calls per second, started at random times whether earlier calls have ended or not; replaces -in-flight")
	maxCalls := flag.Int64("calls", math.MaxInt64, "calls after which the load ends, even if -duration is not over")
	duration := flag.Duration("duration", 5*time.Second, "time during which calls are started")
	timeout := flag.Duration("timeout", 30*time.Second, "deadline of a call")
	throttled := flag.Bool("throttle", false, "use the throttle of the project's Go client, which holds calls back while the server refuses many")
	flag.Parse()

	// A flood keeps ten thousands of calls open. The default would spend much of the CPU time on garbage collection.
	debug.SetGCPercent(400)

	recorded, err := readRequests(*requests)
	if err != nil {
		return err
	}
	begin := time.Now()
	caller, err := dial(*target, *connections, *inFlight, *throttled)
	if err != nil {
		return err
	}
	defer caller.Close()
	connected := time.Since(begin)
	load := load{caller: caller, requests: recorded, timeout: *timeout, maxCalls: *maxCalls}
	shape := func(ctx context.Context) { load.closed(ctx, *inFlight) }
	if *rate > 0 {
		shape = func(ctx context.Context) { load.open(ctx, *rate) }
	}
	found := load.measure(shape, *duration)
	found.ConnectSeconds = connected.Seconds()
	return json.NewEncoder(os.Stdout).Encode(found)
}
