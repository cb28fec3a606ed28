package questiontopic_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopictest"
)

func TestAWrongWindowIsNamed(t *testing.T) {
	client := questiontopictest.NewClient(t, &questiontopictest.Service{Predict: echo})
	for _, c := range []struct {
		option questiontopic.BulkOption
		want   string
	}{
		{questiontopic.TextsPerCall(0), "TextsPerCall must be from 1 to 512, not 0"},
		{questiontopic.TextsPerCall(513), "TextsPerCall must be from 1 to 512, not 513"},
		{questiontopic.InFlight(0), "InFlight must be from 1 to 1024, not 0"},
		{questiontopic.InFlight(1025), "InFlight must be from 1 to 1024, not 1025"},
	} {
		_, err := collect(client.PredictMany(t.Context(), coarse, slices.Values([]string{"a"}), c.option))
		if err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	for _, option := range []questiontopic.BulkOption{
		questiontopic.TextsPerCall(1), questiontopic.TextsPerCall(512), questiontopic.InFlight(1), questiontopic.InFlight(1024),
	} {
		if got, err := collect(client.PredictMany(t.Context(), coarse, slices.Values([]string{"a"}), option)); err != nil {
			t.Errorf("at a limit: got %q, %v", got, err)
		}
	}
}
