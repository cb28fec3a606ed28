package questiontopic

import (
	"container/list"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// The contract's limits. A request beyond them is not merged, so that the server explains what is wrong with it.
const (
	maxTexts      = 512
	maxCharacters = 2000
)

// maxSmall is the largest number of texts of a call that is merged. The server, too, treats such a call as a small one.
const maxSmall = 16

// pauseWhenFull is the hint to callers beyond Merging.Waiting: some merged calls take about that long.
const pauseWhenFull = time.Second

// send makes one call. It is the client's PredictTopic without merging.
type send func(context.Context, *questiontopicv1.PredictTopicRequest) (*questiontopicv1.PredictTopicResponse, error)

// merger makes few large calls of many small ones.
type merger struct {
	send    send
	timeout time.Duration // The deadline of callers without one.
	limits  Merging

	mutex sync.Mutex // Guards what follows, and the fields of lines, questions and merged calls.
	lines map[kind]*line
	stats MergingStats
}

func newMerger(send send, timeout time.Duration, limits Merging) *merger {
	return &merger{send: send, timeout: timeout, limits: limits, lines: map[kind]*line{}}
}

// kind is what the questions of a merged call have in common.
type kind struct {
	level    questiontopicv1.LabelLevel
	model    string
	metadata string
}

// line has the questions of one kind that wait, and the number of their calls that are under way.
type line struct {
	kind     kind
	metadata metadata.MD
	waiting  list.List // Of *question, the oldest first.
	inFlight int
}

// question is the call of one caller.
type question struct {
	texts    []string
	deadline time.Time
	answered chan outcome // Has room for one outcome, so that nobody waits for a caller that has left.
	identity metadata.MD  // The caller's own request id and trace context; nil for none.
	wait     trace.Span   // From joining to the answer; nil if nobody records it.

	place *list.Element // Its place in the line, while it waits.
	call  *mergedCall   // The call that it is part of, after that.
	left  bool          // Its caller has gone.
}

// outcome is how a question ended: with an answer, an error, or a panic of an interceptor.
type outcome struct {
	response *questiontopicv1.PredictTopicResponse
	err      error
	panicked any
}

// read returns the statistics of this moment.
func (m *merger) read() MergingStats {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.stats
}

// predict answers a request as part of a merged call.
func (m *merger) predict(
	ctx context.Context, request *questiontopicv1.PredictTopicRequest,
) (response *questiontopicv1.PredictTopicResponse, err error) {
	deadline, set := ctx.Deadline()
	if !set {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, m.timeout)
		defer cancel()
		deadline, _ = ctx.Deadline()
	}
	if err := ctx.Err(); err != nil {
		return nil, status.FromContextError(err).Err()
	}
	asked := &question{texts: request.GetTexts(), deadline: deadline, answered: make(chan outcome, 1)}
	asked.wait = startWait(ctx, len(asked.texts))
	defer func() { endSpan(asked.wait, err) }()
	line, err := m.join(ctx, request, asked)
	if err != nil {
		return nil, err
	}
	select {
	case ended := <-asked.answered:
		if err = ended.err; ended.panicked != nil {
			panic(ended.panicked)
		}
		return ended.response, err
	case <-ctx.Done():
		m.leave(line, asked)
		return nil, status.FromContextError(ctx.Err()).Err()
	}
}

// isSmall reports whether a request may be merged. The server answers all others itself, also those with an error.
func isSmall(request *questiontopicv1.PredictTopicRequest) bool {
	texts := request.GetTexts()
	if len(texts) == 0 || len(texts) > maxSmall || len(request.ProtoReflect().GetUnknown()) > 0 {
		return false
	}
	for _, text := range texts {
		blank := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsSpace(r) }) < 0
		if blank || !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxCharacters {
			return false
		}
	}
	return true
}

// join puts a question into its line, and starts a call if another one may be under way.
func (m *merger) join(
	ctx context.Context, request *questiontopicv1.PredictTopicRequest, asked *question,
) (*line, error) {
	outgoing, _ := metadata.FromOutgoingContext(ctx) // A copy.
	asked.takeIdentity(ctx, outgoing)
	kind := kind{request.GetLabelLevel(), request.GetModel(), describe(outgoing)}
	if kind.level == questiontopicv1.LabelLevel_LABEL_LEVEL_UNSPECIFIED {
		kind.level = questiontopicv1.LabelLevel_LABEL_LEVEL_COARSE // The same by the contract.
	}

	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.stats.Waiting+len(asked.texts) > m.limits.Waiting {
		return nil, overloaded(fmt.Sprintf(
			"%d texts wait in the client already; ask fewer at the same time", m.stats.Waiting), pauseWhenFull)
	}
	chosen := m.lines[kind]
	if chosen == nil {
		chosen = &line{kind: kind, metadata: outgoing}
		m.lines[kind] = chosen
	}
	asked.place = chosen.waiting.PushBack(asked)
	m.stats.Waiting += len(asked.texts)
	m.start(chosen)
	return chosen, nil
}

// describe returns metadata as a string that is the same for equal metadata.
func describe(md metadata.MD) string {
	if len(md) == 0 {
		return ""
	}
	var described strings.Builder
	for _, key := range slices.Sorted(maps.Keys(md)) {
		fmt.Fprintf(&described, "%q%q", key, md[key])
	}
	return described.String()
}

// leave takes out a question whose caller has gone.
func (m *merger) leave(from *line, asked *question) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	asked.left = true
	switch {
	case asked.place != nil:
		m.take(from, asked)
		m.forget(from)
	case asked.call != nil:
		if asked.call.present--; asked.call.present == 0 {
			asked.call.cancel()
		}
	}
}

// take removes a question from its line.
func (m *merger) take(from *line, asked *question) {
	from.waiting.Remove(asked.place)
	asked.place = nil
	m.stats.Waiting -= len(asked.texts)
}

// forget removes a line that nobody needs.
func (m *merger) forget(unused *line) {
	if unused.inFlight == 0 && unused.waiting.Len() == 0 {
		delete(m.lines, unused.kind)
	}
}

// start starts a call if somebody waits and another call may be under way.
func (m *merger) start(from *line) {
	if from.waiting.Len() > 0 && from.inFlight < m.limits.InFlight {
		from.inFlight++
		m.stats.InFlight++
		go m.call(from)
	}
}
