// Command loadgen sends recorded requests to a server, over gRPC or HTTP/1.1, and prints what came back as JSON.
//
// It knows no message of any server: a request is bytes that someone else encoded, so every server gets the same load.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "loadgen:", err)
		os.Exit(1)
	}
}

func run() error {
	target := flag.String("target", "", "grpc://HOST:PORT/package.Service/Method or http://HOST:PORT/PATH")
	requests := flag.String("requests", "", "`file` of requests: see requests.go")
	connections := flag.Int("connections", 8, "gRPC connections; calls take them in turn (HTTP/1.1 opens one a call in flight)")
	inFlight := flag.Int("in-flight", 1, "calls at the same time; the next starts when one has ended")
	rate := flag.Float64("rate", 0, "calls a second that start whether others have ended or not, at random times; instead of -in-flight")
	warmUp := flag.Duration("warm-up", time.Second, "time of load before what is counted")
	duration := flag.Duration("duration", 5*time.Second, "time that is counted")
	timeout := flag.Duration("timeout", 30*time.Second, "deadline of a call")
	throttled := flag.Bool("throttle", false, "hold gRPC calls back while the server is overloaded, as our Go client can")
	bare := flag.Bool("bare", false, "with -rate, over gRPC: make calls without a gRPC client, for a third of its CPU time")
	once := flag.String("once", "", "send each request once, one after another, and write the replies to this `file`")
	null := flag.Bool("null", false, "instead: serve a gRPC server that answers everything at once, to see what this program can do at most")
	flag.Parse()

	if *null {
		return serveNull()
	}
	recorded, err := readRequests(*requests)
	if err != nil {
		return err
	}
	call, err := dial(*target, *connections, *inFlight, *throttled)
	if err != nil {
		return err
	}
	defer call.Close()
	if *once != "" {
		return sendOnce(call, recorded, *timeout, *once)
	}
	load := load{caller: call, requests: recorded, timeout: *timeout}
	shape := func(ctx context.Context) { load.closed(ctx, *inFlight) }
	if *rate > 0 {
		shape = func(ctx context.Context) { load.open(ctx, *rate) }
	}
	if *bare && (*rate <= 0 || *throttled) {
		return errors.New("-bare needs -rate, and cannot -throttle")
	}
	if *bare {
		connections, err := dialAllBare(*target, *connections, &load)
		if err != nil {
			return err
		}
		shape = func(ctx context.Context) { load.bare(ctx, *rate, connections) }
	}
	result := load.measure(shape, *warmUp, *duration)
	return json.NewEncoder(os.Stdout).Encode(result)
}
