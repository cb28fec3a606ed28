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
	flushTime    = time.Second     // For the last answers to be sent, and watchers of the health to go.
	endTime      = 5 * time.Second // From the end of a process's sockets to that of the process.
)

// serve is the server's life, top to bottom: load, serve, drain. The sockets are bound; a worker checks the bundle.
func serve(given settings, log *slog.Logger, stop <-chan os.Signal) error {
	process, err := model.Start(given.Worker, given.WorkerOptions, given.Workers)
	if err != nil {
		return err
	}
	defer process.Kill()
	answering, checks := service.New(log), health.NewServer()
	setHealth(checks, healthpb.HealthCheckResponse_NOT_SERVING)
	server, spoken, err := listen(given, answering, checks)
	if err != nil {
		return err
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
	var failed error
	select {
	case <-stop:
	case <-ended:
		failed = ending(process)
	case <-process.Ended():
		failed = ending(process)
	}
	checks.Shutdown()
	failed = errors.Join(failed, drain(answering, server, given.DrainTimeout, log))
	if dropped := batches.Dropped(); len(dropped) > 0 {
		log.Info("calls not computed: " + counted(dropped))
	}
	if failed == nil {
		log.Info("drained")
	}
	return failed
}

// listen starts to answer on the sockets, and says what is spoken there.
func listen(given settings, answering *service.Service, checks *health.Server) (*grpc.Server, string, error) {
	credentials, spoken, err := transport(given)
	if err != nil {
		return nil, "", err
	}
	sockets, err := listeners(given)
	if err != nil {
		return nil, "", err
	}
	server := grpc.NewServer(append(answering.Options(), grpc.Creds(credentials))...)
	answering.Register(server)
	healthpb.RegisterHealthServer(server, checks)
	reflection.Register(server)
	for _, each := range sockets {
		go func() { _ = server.Serve(each) }() // Until the process ends.
	}
	return server, spoken, nil
}

func setHealth(checks *health.Server, status healthpb.HealthCheckResponse_ServingStatus) {
	for _, name := range []string{"", service.Name} {
		checks.SetServingStatus(name, status)
	}
}

// drain refuses new calls and waits for the accepted ones.
func drain(answering *service.Service, server *grpc.Server, seconds float64, log *slog.Logger) error {
	inFlight, idle := answering.Drain()
	log.Info(fmt.Sprintf("draining: %d calls in flight", inFlight))
	select {
	case <-idle:
	case <-time.After(time.Duration(seconds * float64(time.Second))):
		return fmt.Errorf("%d calls were cut off: not finished after %g s", answering.InFlight(), seconds)
	}
	sent := make(chan struct{})
	go func() {
		server.GracefulStop()
		close(sent)
	}()
	select {
	case <-sent:
	case <-time.After(flushTime):
	}
	return nil
}

// ending says how the model's process ended, which should not have.
func ending(process *model.Process) error {
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
