package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"

	"github.com/question-topic/question-topic/server/front/internal/batcher"
	"github.com/question-topic/question-topic/server/front/internal/model"
	"github.com/question-topic/question-topic/server/front/internal/service"
)

const (
	turn         = 16              // Texts of a call in a batch before the next call's turn.
	textsPerCall = 4               // That a call takes the room of at least: so much memory does it need beside them.
	endTime      = 5 * time.Second // From the end of a process's sockets to that of the process.
)

// serve is the server's life, top to bottom: load, serve, drain. The sockets are bound; a worker checks the bundle.
func serve(given settings, log *slog.Logger, stop <-chan os.Signal) error {
	sockets, err := listeners(given) // First: the worker must not inherit them.
	if err != nil {
		return err
	}
	process, err := model.Start(given.Worker, given.WorkerOptions, given.Workers)
	if err != nil {
		return err
	}
	defer process.Kill()
	answering, checks, watchers := service.New(log), health.NewServer(), newStreams()
	setHealth(checks, healthpb.HealthCheckResponse_NOT_SERVING)
	server, spoken, err := newServer(given, answering, checks, watchers)
	if err != nil {
		return err
	}
	for _, each := range sockets {
		go func() { _ = server.Serve(each) }() // Until the process ends.
	}
	loading := make(chan error, 1)
	var loaded model.Loaded
	go func() {
		var err error
		loaded, err = process.Load()
		loading <- err
	}()
	select {
	case <-stop:
		log.Info("stopped while loading")
		return nil
	case err := <-loading:
		if err != nil {
			return err
		}
	}
	batches := batcher.New[model.Answer](batcher.Options{
		MaxBatch: given.MaxBatch, MaxQueue: given.MaxQueue, MaxCalls: given.MaxQueue / textsPerCall, Turn: turn,
	})
	ended := make(chan error, given.Workers)
	for lane := range given.Workers {
		go func() {
			ended <- batches.Run(func(texts []string) ([]model.Answer, error) { return process.Predict(lane, texts) })
		}()
	}
	answering.Start(loaded, batches)
	setHealth(checks, healthpb.HealthCheckResponse_SERVING)
	manifest := loaded.Manifest
	log.Info(fmt.Sprintf("serving %s %s on %s (%s)", manifest.Name, manifest.Version, given.Address, spoken))
	select {
	case <-stop:
	case cause := <-ended:
		ended <- cause // For below.
	case <-process.Ended():
	}
	checks.Shutdown()
	failed := drain(answering, server, watchers, given.DrainTimeout, log)
	select {
	case cause := <-ended:
		failed = errors.Join(ending(process, cause), failed)
	case <-process.Ended():
		failed = errors.Join(ending(process, nil), failed)
	default:
	}
	if dropped := batches.Dropped(); len(dropped) > 0 {
		log.Info("calls not computed: " + counted(dropped))
	}
	if failed == nil {
		log.Info("drained")
	}
	return failed
}

// newServer has the services, and says what is spoken.
func newServer(
	given settings, answering *service.Service, checks *health.Server, watchers *streams,
) (*grpc.Server, string, error) {
	credentials, spoken, err := transport(given)
	if err != nil {
		return nil, "", err
	}
	options := append(answering.Options(), grpc.Creds(answering.Admission(credentials)), grpc.StreamInterceptor(watchers.handle))
	server := grpc.NewServer(options...)
	answering.Register(server)
	healthpb.RegisterHealthServer(server, checks)
	reflection.Register(server)
	return server, spoken, nil
}

func setHealth(checks *health.Server, status healthpb.HealthCheckResponse_ServingStatus) {
	for _, name := range []string{"", service.Name} {
		checks.SetServingStatus(name, status)
	}
}

// drain refuses new calls, waits until the answers of the accepted ones have been sent, and ends all streams.
func drain(
	answering *service.Service, server *grpc.Server, watchers *streams, seconds float64, log *slog.Logger,
) error {
	inFlight, idle := answering.Drain()
	log.Info(fmt.Sprintf("draining: %d calls in flight", inFlight))
	timeout := time.After(time.Duration(seconds * float64(time.Second)))
	select {
	case <-idle:
	case <-timeout:
		return fmt.Errorf("%d calls were cut off: not finished after %g s", answering.InFlight(), seconds)
	}
	watchers.end()
	sent := make(chan struct{})
	go func() {
		server.GracefulStop()
		close(sent)
	}()
	select {
	case <-sent:
		return nil
	case <-timeout:
		return fmt.Errorf("answers were cut off: not read after %g s", seconds)
	}
}

// ending says how the model's process ended, which should not have; cause is that of a lane's end, if it is known.
func ending(process *model.Process, cause error) error {
	if errors.Is(cause, model.ErrHung) {
		return errors.New("a process of the model did not answer for minutes and was killed")
	}
	select {
	case <-process.Ended():
		return fmt.Errorf("a process of the model ended with exit code %d", process.ExitCode())
	case <-time.After(endTime):
		return errors.New("a process of the model does not answer")
	}
}

func counted(dropped map[string]int) string {
	var found []string
	for why, many := range dropped {
		found = append(found, fmt.Sprintf("%d %s", many, why))
	}
	slices.Sort(found)
	return strings.Join(found, ", ")
}
