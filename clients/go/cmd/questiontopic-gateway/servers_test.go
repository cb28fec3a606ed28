package main

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// load is callers that ask single questions until the test ends, each after the answer to the last one.
type load struct {
	answered chan struct{}
}

func startLoad(t *testing.T, address string, callers int) load {
	t.Helper()
	made := load{answered: make(chan struct{})}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
	for range callers {
		stub := questiontopicv1.NewTopicServiceClient(dial(t, address))
		running.Go(func() {
			for ctx.Err() == nil {
				call, cancel := context.WithTimeout(ctx, 10*time.Second)
				_, err := stub.PredictTopic(call, ask("What is your salary?"))
				cancel()
				if err != nil && ctx.Err() == nil {
					t.Errorf("a call failed: %v", err)
				}
				select {
				case made.answered <- struct{}{}:
				case <-ctx.Done():
				}
			}
		})
	}
	return made
}

// wait waits until further calls have ended.
func (l load) wait(calls int) {
	for range calls {
		<-l.answered
	}
}

// during lets the load go on while change runs.
func (l load) during(change func()) {
	changed, drained := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(drained)
		for {
			select {
			case <-l.answered:
			case <-changed:
				return
			}
		}
	}()
	defer func() {
		close(changed)
		<-drained
	}()
	change()
}

func TestNoCallFailsWhileServersCrashRestartAndCome(t *testing.T) {
	const first, second, third = "127.0.0.1", "127.0.0.2", "127.0.0.3"
	if probe, err := net.Listen("tcp", third+":0"); err != nil {
		t.Skipf("needs three loopback addresses: %v", err)
	} else {
		_ = probe.Close()
	}
	crashes := topictest.StartProcess(t, "--host", first)
	_, port, _ := net.SplitHostPort(crashes.Address)
	restarts := topictest.StartProcess(t, "--host", second, "--port", port)
	names := topictest.ServeNames(t, first, second)
	gateway := start(t, "dns://"+names.Address+"/topics.test:"+port, "--backend-plaintext", "--in-flight", "8")
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the gateway's log:\n%s", gateway.written())
		}
	})
	load := startLoad(t, gateway.address, 8)
	load.wait(200)

	load.during(crashes.Kill)
	load.wait(200) // Only the second server runs.
	load.during(func() { topictest.StartProcess(t, "--host", third, "--port", port) })
	load.during(func() {
		select {
		case <-names.Set(second, third):
		case <-time.After(time.Minute):
			t.Fatal("the gateway has not looked up the addresses again")
		}
	})
	load.wait(200)
	load.during(func() { restarts.Stop(t) })
	load.wait(200) // Only the third server runs.
	load.during(func() { topictest.StartProcess(t, "--host", second, "--port", port) })
	load.wait(200)
}
