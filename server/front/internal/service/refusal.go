package service

import (
	"time"

	"google.golang.org/grpc/credentials"

	"github.com/question-topic/question-topic/server/front/internal/admission"
	"github.com/question-topic/question-topic/server/front/internal/batcher"
)

// refusal is the status of an overload: while the same is told to many it is made once.
type refusal struct {
	of     batcher.OverloadedError
	status error
}

// Admission refuses calls that cannot be answered, at a server's connections: with the credentials it should have.
func (s *Service) Admission(inner credentials.TransportCredentials) credentials.TransportCredentials {
	return admission.Credentials(inner, "/"+Name+"/"+predictTopic, s.refuse)
}

// refuse is admission's: it refuses what cannot be answered in time before gRPC makes a call of it.
func (s *Service) refuse(left time.Duration) error {
	loaded := s.loaded.Load()
	switch {
	case loaded == nil:
		return nil
	case s.isDraining():
		return statusDraining
	case left < shortest:
		return statusExpired
	}
	err := loaded.batcher.Admit(left)
	if err == nil {
		return nil
	}
	overload, ok := err.(*batcher.OverloadedError)
	if !ok {
		return toStatus(err)
	}
	newest := s.newest.Load()
	if newest == nil || newest.of != *overload {
		newest = &refusal{*overload, toStatus(err)}
		s.newest.Store(newest)
	}
	return newest.status
}

// arrive is called for each call that was not refused.
func (s *Service) arrive() {
	if loaded := s.loaded.Load(); loaded != nil {
		loaded.batcher.Arrive()
	}
}
