package questiontopic_test

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/questiontopic"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// violationsOf returns the fields and descriptions of an INVALID_ARGUMENT error.
func violationsOf(t *testing.T, err error) string {
	t.Helper()
	if status.Code(err) != codes.InvalidArgument {
		t.Errorf("got %v, want INVALID_ARGUMENT", err)
	}
	var found []string
	for _, violation := range questiontopic.FieldViolations(err) {
		found = append(found, violation.GetField()+": "+violation.GetDescription())
	}
	return strings.Join(found, "; ")
}

func TestTextThatIsNotUTF8IsRefusedBeforeItIsSent(t *testing.T) {
	address, attempts := serveFailing(t, codes.OK, 0)
	client := newClient(t, address)
	predict := func(model string, texts ...string) error {
		_, err := client.PredictTopic(t.Context(), &questiontopicv1.PredictTopicRequest{Texts: texts, Model: model})
		return err
	}
	describe := func(model string) error {
		_, err := client.DescribeModel(t.Context(), &questiontopicv1.DescribeModelRequest{Model: model})
		return err
	}
	_, err := client.Predict(t.Context(), coarse, "Who\xff?")
	for _, c := range []struct {
		err                 error
		message, violations string
	}{
		{err, "texts[0]: not valid UTF-8", "texts[0]: not valid UTF-8"},
		{predict("", "Who?", "\xed\xa0\x80", "Où ?", "cut: \xe2\x82"), "texts[1]: not valid UTF-8 (and 1 more)",
			"texts[1]: not valid UTF-8; texts[3]: not valid UTF-8"},
		{predict("\xc3", "\xc0\x80"), "texts[0]: not valid UTF-8 (and 1 more)",
			"texts[0]: not valid UTF-8; model: not valid UTF-8"},
		{predict("use\xfcm", "Who?"), "model: not valid UTF-8", "model: not valid UTF-8"},
		{describe("\x80"), "model: not valid UTF-8", "model: not valid UTF-8"},
	} {
		if got := violationsOf(t, c.err); got != c.violations || status.Convert(c.err).Message() != c.message {
			t.Errorf("got %v with the violations %q, want %q with %q", c.err, got, c.message, c.violations)
		}
	}
	if attempts.Load() != 0 {
		t.Errorf("the server got %d calls, want none", attempts.Load())
	}
	if err := predict("", "\ufffd", "\x00", "\U0010ffff", "Où ?"); err != nil {
		t.Errorf("valid UTF-8: got %v", err)
	}
}

func TestAnErrorNamesAtMost512Texts(t *testing.T) {
	client := newClient(t, "localhost:1")
	for count, want := range map[int]int{511: 511, 512: 512, 513: 512} {
		_, err := client.Predict(t.Context(), coarse, strings.Split(strings.Repeat("\xff,", count-1)+"\xff", ",")...)
		if got := len(questiontopic.FieldViolations(err)); got != want {
			t.Errorf("%d texts: got %d violations, want %d", count, got, want)
		}
	}
}

func TestTextThatAnInterceptorMakesInvalidIsRefused(t *testing.T) {
	client := newClient(t, "localhost:1", questiontopic.WithDialOptions(grpc.WithUnaryInterceptor(func(
		ctx context.Context, method string, _, response any,
		connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
	) error {
		request := &questiontopicv1.PredictTopicRequest{Texts: []string{"\xff"}}
		return invoke(ctx, method, request, response, connection, options...)
	})))
	_, err := client.Predict(t.Context(), coarse, "Who?")
	if got := violationsOf(t, err); got != "texts[0]: not valid UTF-8" {
		t.Errorf("got %q", got)
	}
}
