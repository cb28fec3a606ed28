package questiontopic

import (
	"context"
	"runtime"
	"time"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/question-topic/question-topic/clients/go/internal/textfield"
	"github.com/question-topic/question-topic/clients/go/questiontopicv1"
)

// mergedCall is a call under way for some questions of one line.
type mergedCall struct {
	ctx       context.Context
	cancel    context.CancelFunc
	request   *questiontopicv1.PredictTopicRequest
	questions []*question
	present   int // The questions whose callers still wait.
}

// call makes one call for the questions that wait in the line, and gives each of them its outcome.
func (m *merger) call(from *line) {
	// Callers that have just been answered often ask again at once. This lets them join the call.
	runtime.Gosched()
	merged := m.form(from)
	if merged == nil {
		return
	}
	ctx, span := merged.begin(from.metadata)
	ended := outcome{err: status.Error(codes.Internal, "the call ended without an answer")}
	defer func() { // Also if an interceptor panics, or ends the goroutine.
		ended.panicked = recover()
		endSpan(span, ended.err)
		m.end(from, merged, ended)
	}()
	ended.response, ended.err = m.send(ctx, merged.request)
}

// form makes a call of the questions that have waited longest. It returns nil if nobody waits any more.
func (m *merger) form(from *line) *mergedCall {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	merged := &mergedCall{request: &questiontopicv1.PredictTopicRequest{LabelLevel: from.kind.level, Model: from.kind.model}}
	var latest time.Time
	for first := from.waiting.Front(); first != nil; first = from.waiting.Front() {
		next := first.Value.(*question)
		if merged.present > 0 && len(merged.request.Texts)+len(next.texts) > m.limits.Texts {
			break
		}
		m.take(from, next)
		next.call = merged
		merged.questions = append(merged.questions, next)
		merged.request.Texts = append(merged.request.Texts, next.texts...)
		merged.present++
		if next.deadline.After(latest) {
			latest = next.deadline
		}
	}
	if merged.present == 0 {
		m.finish(from)
		return nil
	}
	m.stats.Calls++
	m.stats.Texts += uint64(len(merged.request.Texts))
	merged.ctx, merged.cancel = context.WithDeadline(context.Background(), latest)
	return merged
}

// begin returns the context of the call, which has its metadata. If a caller's wait is recorded, the call has a span
// below the first such wait. Span and waits are linked, and the server is told of the span alone.
func (c *mergedCall) begin(common metadata.MD) (context.Context, trace.Span) {
	var waits []trace.Span
	var links []trace.Link
	for _, asked := range c.questions {
		if asked.wait != nil && asked.wait.IsRecording() { // Its caller has not left.
			waits = append(waits, asked.wait)
			links = append(links, trace.Link{SpanContext: asked.wait.SpanContext()})
		}
	}
	outgoing := withIdentities(common, c.questions)
	if len(waits) == 0 {
		return metadata.NewOutgoingContext(c.ctx, outgoing), nil
	}
	ctx, span := startCall(c.ctx, waits[0], questiontopicv1.TopicService_PredictTopic_FullMethodName, links...)
	for _, wait := range waits {
		wait.AddLink(trace.Link{SpanContext: span.SpanContext()})
	}
	return withTraceContext(ctx, outgoing), span
}

// end gives each question its outcome and starts the next call. If the server refused some of the texts, their
// questions fail, and the others go back to the front of the line.
func (m *merger) end(from *line, merged *mergedCall, ended outcome) {
	merged.cancel()
	outcomes := merged.outcomes(ended)
	m.mutex.Lock()
	defer m.mutex.Unlock()
	for i := len(merged.questions) - 1; i >= 0; i-- {
		asked := merged.questions[i]
		asked.call = nil
		if found, ok := outcomes[asked]; ok {
			asked.answered <- found
		} else if !asked.left {
			asked.place = from.waiting.PushFront(asked)
			m.stats.Waiting += len(asked.texts)
		}
	}
	m.finish(from)
}

// finish counts a call of the line as ended, and starts the next one.
func (m *merger) finish(from *line) {
	from.inFlight--
	m.stats.InFlight--
	m.start(from)
	m.forget(from)
}

// outcomes returns the outcome of each question. A question without one must be asked again.
func (c *mergedCall) outcomes(ended outcome) map[*question]outcome {
	outcomes := make(map[*question]outcome, len(c.questions))
	texts, predictions := len(c.request.GetTexts()), ended.response.GetPredictions()
	refused := map[*question]outcome{}
	switch {
	case ended.panicked != nil:
	case status.Code(ended.err) == codes.InvalidArgument:
		refused = c.refused(ended.err)
	case ended.err == nil && len(predictions) != texts:
		ended.err = status.Errorf(codes.Internal, "the server gave %d predictions for %d texts", len(predictions), texts)
	}
	if len(refused) > 0 {
		return refused
	}
	for _, asked := range c.questions {
		own := ended
		if ended.panicked == nil && ended.err == nil {
			own.response = &questiontopicv1.PredictTopicResponse{
				Predictions: predictions[:len(asked.texts):len(asked.texts)],
				Model:       proto.CloneOf(ended.response.GetModel()), // A caller may change its answer.
			}
			predictions = predictions[len(asked.texts):]
		}
		outcomes[asked] = own
	}
	return outcomes
}

// refused returns the errors of the questions whose texts the server names, with the texts numbered as in the question.
func (c *mergedCall) refused(err error) map[*question]outcome {
	violations := map[*question][]*errdetails.BadRequest_FieldViolation{}
	for _, violation := range FieldViolations(err) {
		if asked, field := c.find(violation.GetField()); asked != nil {
			violations[asked] = append(violations[asked], &errdetails.BadRequest_FieldViolation{
				Field: field, Description: violation.GetDescription(),
			})
		}
	}
	refused := make(map[*question]outcome, len(violations))
	for asked, found := range violations {
		refused[asked] = outcome{err: invalidArgument(found)}
	}
	return refused
}

// find returns the question that has the text of a field such as texts[3] of the merged call, and the field in that
// question's own request. It returns nil for any other field.
func (c *mergedCall) find(field string) (asked *question, own string) {
	index, ok := textfield.Index(field, len(c.request.GetTexts()))
	if !ok {
		return nil, ""
	}
	for _, asked := range c.questions {
		if index < len(asked.texts) {
			return asked, textfield.Name(index)
		}
		index -= len(asked.texts)
	}
	return nil, ""
}
