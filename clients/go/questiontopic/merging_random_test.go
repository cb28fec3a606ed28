package questiontopic_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/internal/topictest"
	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// TestRandomSchedules: callers ask at random, with good and bad texts, of two levels, and leave or expire at random.
// Every answer belongs to its question, every caller ends as it must, and nothing is left behind.
func TestRandomSchedules(t *testing.T) {
	address := topictest.Serve(t, &questiontopictest.Service{Predict: echo})
	goroutines := runtime.NumGoroutine()
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 0))
		client, err := questiontopic.New(address, questiontopic.Plaintext(), questiontopic.WithMerging(
			questiontopic.Merging{InFlight: 1 + random.IntN(3), Texts: 1 + random.IntN(40)}))
		if err != nil {
			t.Fatal(err)
		}
		var callers sync.WaitGroup
		for caller := range 50 {
			callers.Go(func() {
				random := rand.New(rand.NewPCG(seed, uint64(caller)))
				for number := range 10 {
					if err := askAtRandom(t.Context(), client, random, fmt.Sprint(caller, "/", number)); err != nil {
						t.Errorf("seed %d: %v", seed, err)
					}
				}
			})
		}
		callers.Wait()
		_ = client.Close()
		if got := client.MergingStats(); got.Waiting != 0 {
			t.Errorf("seed %d: left behind: %+v", seed, got)
		}
	}
	for end := time.Now().Add(20 * time.Second); runtime.NumGoroutine() > goroutines; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), goroutines)
		}
	}
}

// askAtRandom makes one call and returns an error if it ends as it must not.
func askAtRandom(ctx context.Context, client *questiontopic.Client, random *rand.Rand, name string) error {
	var texts []string
	bad := -1
	for i := range 1 + random.IntN(4) {
		text := fmt.Sprint(name, "/", i)
		if bad < 0 && random.IntN(8) == 0 {
			text, bad = "bad "+text, i
		}
		texts = append(texts, text)
	}
	impatient := random.IntN(4) == 0
	if impatient {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(random.IntN(3000))*time.Microsecond)
		defer cancel()
	}
	predictions, err := client.Predict(ctx, []questiontopicv1.LabelLevel{coarse, fine}[random.IntN(2)], texts...)
	switch code := status.Code(err); {
	case impatient && code == codes.DeadlineExceeded:
		return nil
	case bad >= 0:
		violations := questiontopic.FieldViolations(err)
		if len(violations) != 1 || violations[0].GetField() != fmt.Sprintf("texts[%d]", bad) {
			return fmt.Errorf("%q: %w", texts, err)
		}
		return nil
	case err != nil:
		return fmt.Errorf("%q: %w", texts, err)
	case len(predictions) != len(texts):
		return errors.New("a wrong number of predictions")
	}
	for i, prediction := range predictions {
		if prediction.GetCoarse().GetTopTopic() != texts[i] {
			return fmt.Errorf("%q got %q", texts[i], prediction.GetCoarse().GetTopTopic())
		}
	}
	return nil
}
