package main

import (
	"fmt"
	"log"
	"strings"
	"sync/atomic"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/questiontopic"
)

// maxName is how much of an unknown model's name an error repeats.
const maxName = 64

// route is the way to the servers of one model.
type route struct {
	model  string // Empty for the only route: it takes every model.
	client *questiontopic.Client
	places chan struct{} // One for each call that is under way, so that no model takes the places of another.
	away   atomic.Bool   // The last call found no server.
}

// routes are the ways to all models. The first is the default.
type routes []*route

// newRoutes returns a route for each backend. Its client merges what callers of any protocol ask at the same time.
func newRoutes(chosen options, log *log.Logger) (routes, error) {
	token, err := chosen.token.Read(func(err error) {
		if err != nil {
			log.Printf("the token that changed is not used: %v", err)
		} else {
			log.Print("the token that changed is used from now on")
		}
	})
	if err != nil {
		return nil, err
	}
	var made routes
	for _, backend := range chosen.backends {
		client, err := newClient(chosen, backend.target, token)
		if err != nil {
			made.close()
			return nil, err
		}
		made = append(made, &route{model: backend.model, client: client, places: make(chan struct{}, chosen.maxCalls())})
	}
	return made, nil
}

func newClient(chosen options, target string, token func() string) (*questiontopic.Client, error) {
	transport, err := chosen.transport.Choose(target)
	if err != nil {
		return nil, err
	}
	client, err := questiontopic.New(target, transport,
		questiontopic.WithToken(token),
		questiontopic.WithTimeout(chosen.timeout),
		questiontopic.WithThrottle(),
		questiontopic.WithHealthChecks(),
		questiontopic.WithMerging(questiontopic.Merging{
			InFlight: chosen.inFlight, Texts: textsPerMergedCall, Waiting: chosen.maxWaiting}))
	if err != nil {
		return nil, fmt.Errorf("--backend: %w", err)
	}
	return client, nil
}

func (r routes) close() {
	for _, each := range r {
		_ = each.client.Close() // No call is under way.
	}
}

// models returns the names that a request may have, the default first. It is empty if the only route takes every name.
func (r routes) models() []string {
	names := []string{}
	for _, each := range r {
		if each.model != "" {
			names = append(names, each.model)
		}
	}
	return names
}

// to returns the route to the model that a request names, or nil if no model has that name.
func (r routes) to(model string) *route {
	if model == "" || r[0].model == "" {
		return r[0]
	}
	for _, each := range r {
		if each.model == model {
			return each
		}
	}
	return nil
}

// unknown returns the error of a request that names no model that is here. A server reports the same code and reason.
func (r routes) unknown(model string) error {
	if runes := []rune(model); len(runes) > maxName {
		model = string(runes[:maxName])
	}
	message := fmt.Sprintf("model: no %q here; the models are %s", model, strings.Join(r.models(), ", "))
	failed, err := status.New(codes.NotFound, message).WithDetails(
		&errdetails.ErrorInfo{Domain: "questiontopic", Reason: "MODEL_NOT_FOUND"})
	if err != nil {
		return err
	}
	return failed.Err()
}
