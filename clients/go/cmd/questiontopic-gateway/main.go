// Command questiontopic-gateway is the web's way to a question-topic server: a web page, JSON, gRPC and gRPC-Web on one
// port. Single questions of many callers reach the server together as few calls. Run it with --help for its usage.
//
// The protocols are connect-go's: it serves gRPC, gRPC-Web and JSON from one net/http handler, and needs no second set
// of stubs. Vanguard would put grpc-go's slow HTTP handler behind it, and grpc-gateway has neither gRPC-Web nor gRPC.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/question-topic/question-topic/clients/go/questiontopic"
)

const (
	exitDrained = iota
	exitFailed
	exitUsage
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run is the whole command, from its flags to the end of ctx. It returns the exit code.
func run(ctx context.Context, arguments []string, getenv func(string) string, stdout, stderr io.Writer) int {
	check := len(arguments) > 0 && arguments[0] == "healthcheck"
	if check {
		arguments = arguments[1:]
	}
	chosen, err := parseFlags(arguments, getenv)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return exitDrained
	case err != nil:
		return fail(stderr, exitUsage, err)
	case chosen.version:
		fmt.Fprintln(stdout, "questiontopic-gateway", questiontopic.Version)
		return exitDrained
	case check:
		return checkHealth(ctx, chosen, stdout, stderr)
	}
	certificates, err := chosen.certificates()
	if err != nil {
		return fail(stderr, exitUsage, err)
	}
	log := log.New(stderr, "questiontopic-gateway: ", 0)
	routes, err := newRoutes(chosen, log)
	if err != nil {
		return fail(stderr, exitUsage, err)
	}
	defer routes.close()
	traces, err := newTraces(ctx, chosen, log)
	if err != nil {
		return fail(stderr, exitUsage, fmt.Errorf("--traces: %w", err))
	}
	defer traces.end()

	if err := serve(ctx, chosen, certificates, routes, traces, log); err != nil {
		return fail(stderr, exitFailed, err)
	}
	return exitDrained
}

// serve answers until ctx ends, and then drains.
func serve(
	ctx context.Context, chosen options, certificates *tls.Config, routes routes, traces *traces, log *log.Logger,
) error {
	listener, err := net.Listen("tcp", chosen.address)
	if err != nil {
		return fmt.Errorf("--address: %w", err)
	}
	metrics := newMetrics(routes)
	said := fmt.Sprintf("serving %s for %v", address(listener, certificates), chosen.backends)
	if chosen.metricsAddress != "" {
		port, err := metrics.serve(chosen.metricsAddress)
		if err != nil {
			return errors.Join(fmt.Errorf("--metrics-address: %w", err), listener.Close())
		}
		defer port.Close()
		said += ", metrics at http://" + port.Addr().String() + "/metrics"
	}
	log.Print(said)
	health := &health{client: routes[0].client, callersHaveTokens: chosen.callersHaveTokens()}
	topics := topics{routes, chosen.forwardToServer(), chosen.callersHaveTokens(), metrics, log}
	handler := traces.around(newHandler(chosen, topics, health))
	return newServer(handler, certificates, chosen, log).serve(ctx, listener, health.drain)
}

// fail writes err as one line and returns the exit code.
func fail(stderr io.Writer, exitCode int, err error) int {
	fmt.Fprintln(stderr, "questiontopic-gateway:", strings.ReplaceAll(err.Error(), "\n", " "))
	return exitCode
}
