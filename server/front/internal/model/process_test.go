package model_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/question-topic/question-topic/server/front/internal/batcher"
	"github.com/question-topic/question-topic/server/front/internal/model"
)

// told is what a worker tells that is ready; worker.py tells more, which the front does not need.
const told = `{"manifest": {"name": "pets", "version": "1.2.3", "digest": "sha256:0", "coarse_labels": ["CAT", "DOG"],
	"fine_labels": [{"name": "CAT:big", "coarse": "CAT"}], "languages": ["en", "de"], "metrics": {"accuracy": 0.75},
	"license": "MIT"}, "runtime": "onnxruntime", "max_pieces": 128}`

// TestMain is the worker too: the front starts a process of its own, and that is this binary once more.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "worker" {
		work(os.Args[2], os.Args[3:])
	}
	os.Exit(m.Run())
}

// work loads as the options say, and then answers each lane's batches until the lane is closed.
func work(options string, descriptors []string) {
	var lanes []*os.File
	for _, each := range descriptors {
		number, err := strconv.Atoi(each)
		if err != nil {
			os.Exit(2)
		}
		lanes = append(lanes, os.NewFile(uintptr(number), "lane"))
	}
	switch options {
	case "ready":
		send(lanes[0], 'L', []byte(told))
	case "coarse alone":
		send(lanes[0], 'L', []byte(`{"manifest": {"coarse_labels": ["CAT", "DOG"], "fine_labels": []}, "max_pieces": 0}`))
	case "no JSON":
		send(lanes[0], 'L', []byte("{"))
	case "no such kind":
		send(lanes[0], 'Q', []byte(told))
	case "half a frame":
		_, _ = lanes[0].Write([]byte{'L', 0, 0, 0, 9, '{'})
		os.Exit(4)
	case "end":
		os.Exit(3)
	default:
		send(lanes[0], 'X', fmt.Appendf(nil, "refused: %s for %d lanes", options, len(lanes)))
		os.Exit(1)
	}
	fine := options != "coarse alone"
	var group sync.WaitGroup
	for _, each := range lanes {
		group.Go(func() { serve(each, fine) })
	}
	group.Wait()
	os.Exit(0)
}

func serve(lane *os.File, fine bool) {
	for {
		var head [5]byte
		if _, err := io.ReadFull(lane, head[:]); err != nil {
			return
		}
		content := make([]byte, binary.BigEndian.Uint32(head[1:]))
		var batch []string
		if _, err := io.ReadFull(lane, content); err != nil || head[0] != 'T' || json.Unmarshal(content, &batch) != nil {
			os.Exit(2)
		}
		packed := pack(batch, fine)
		switch batch[0] {
		case "fail":
			send(lane, 'F', nil)
		case "too few":
			send(lane, 'R', packed[1:])
		case "too many":
			send(lane, 'R', append(packed, 0, 0, 0, 0))
		case "none":
			send(lane, 'R', nil)
		case "end":
			os.Exit(5)
		case "end in the middle":
			_, _ = lane.Write([]byte{'R', 0, 0, 0, 16, 1, 2, 3})
			os.Exit(6)
		default:
			send(lane, 'R', packed)
		}
	}
}

func send(lane io.Writer, kind byte, content []byte) {
	frame := append([]byte{kind}, binary.BigEndian.AppendUint32(nil, uint32(len(content)))...)
	if _, err := lane.Write(append(frame, content...)); err != nil {
		os.Exit(2)
	}
}

// answer tells bytes and characters of a text as its confidences, so that tests see which text arrived.
func answer(text string, fine bool) model.Answer {
	made := model.Answer{
		Coarse: []float32{float32(len(text)), float32(utf8.RuneCountInString(text))}, Fine: []float32{},
		Truncated: strings.HasPrefix(text, "long"),
	}
	if fine {
		made.Fine = append(made.Fine, float32(text[len(text)-1])/256)
	}
	return made
}

func pack(batch []string, fine bool) []byte {
	var packed []byte
	for _, text := range batch {
		made := answer(text, fine)
		row := append(made.Coarse, made.Fine...)
		if made.Truncated {
			row = append(row, 1)
		} else {
			row = append(row, 0)
		}
		for _, number := range row {
			packed = binary.NativeEndian.AppendUint32(packed, math.Float32bits(number))
		}
	}
	return packed
}

// start starts a worker that ends with the test.
func start(t *testing.T, options string, lanes int) *model.Process {
	t.Helper()
	process, err := model.Start([]string{os.Args[0], "worker"}, options, lanes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		process.Kill()
		<-process.Ended()
	})
	return process
}

func ready(t *testing.T, lanes int) *model.Process {
	t.Helper()
	process := start(t, "ready", lanes)
	if _, err := process.Load(); err != nil {
		t.Fatal(err)
	}
	return process
}

func TestLoadTellsWhichModelItIs(t *testing.T) {
	got, err := start(t, "ready", 1).Load()
	want := model.Loaded{
		Manifest: model.Manifest{
			Name: "pets", Version: "1.2.3", Digest: "sha256:0", CoarseLabels: []string{"CAT", "DOG"},
			FineLabels: []model.FineLabel{{Name: "CAT:big", Coarse: "CAT"}},
			Languages:  []string{"en", "de"}, Metrics: map[string]float64{"accuracy": 0.75},
		},
		Runtime: "onnxruntime", MaxPieces: 128,
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestABundleThatIsRefusedSaysWhyInTheWorkersWords(t *testing.T) {
	process := start(t, "a bundle", 3)
	if _, err := process.Load(); err == nil || err.Error() != "refused: a bundle for 3 lanes" {
		t.Errorf("got %v", err)
	}
	wantEnd(t, process, 1)
}

func TestAWorkerThatDoesNotLoadIsAnError(t *testing.T) {
	for _, options := range []string{"end", "half a frame", "no such kind", "no JSON"} {
		if loaded, err := start(t, options, 1).Load(); err == nil || err.Error() == "" {
			t.Errorf("%s: got %v, %v", options, loaded, err)
		}
	}
}

func TestAWorkerThatCannotBeStartedIsAnError(t *testing.T) {
	if _, err := model.Start([]string{"/no/such/program"}, "", 1); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestAnswersBelongToTheTextsAsTheyWereSent(t *testing.T) {
	process := ready(t, 1)
	for _, batch := range [][]string{
		{"a"},
		{"long b", "c", "long d"},
		{"\x00\"\\\n\u2028<&>\u007f", "é\U0001f600", "\ufffd", "\ufeff "},
		repeat("x\U0001f600", 2000, 64), // Larger than a socket's buffer, as JSON.
	} {
		got, err := process.Predict(0, batch)
		if err != nil || len(got) != len(batch) {
			t.Fatalf("%.40q: got %d answers, %v", batch, len(got), err)
		}
		for i, text := range batch {
			if want := answer(text, true); !reflect.DeepEqual(got[i], want) {
				t.Errorf("%.40q: got %v, want %v", text, got[i], want)
			}
		}
	}
}

func TestAModelWithoutFineLabelsGivesNone(t *testing.T) {
	process := start(t, "coarse alone", 1)
	if _, err := process.Load(); err != nil {
		t.Fatal(err)
	}
	got, err := process.Predict(0, []string{"long a", "b"})
	want := []model.Answer{answer("long a", false), answer("b", false)}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestLanesAnswerSideBySide(t *testing.T) {
	process := ready(t, 3)
	var group sync.WaitGroup
	for lane := range 3 {
		group.Go(func() {
			for i := range 50 {
				text := strings.Repeat("x", 1+lane+3*i)
				got, err := process.Predict(lane, []string{text})
				if want := []model.Answer{answer(text, true)}; err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("lane %d: got %v, %v, want %v", lane, got, err, want)
				}
			}
		})
	}
	group.Wait()
}

func TestABatchThatFailsOrIsAnsweredInPartEndsNoProcess(t *testing.T) {
	process := ready(t, 1)
	for _, text := range []string{"fail", "too few", "too many", "none"} {
		got, err := process.Predict(0, []string{text, "b"})
		if err == nil || errors.Is(err, batcher.ErrEnded) || got != nil {
			t.Errorf("%s: got %v, %v, want an error of this batch alone", text, got, err)
		}
		if _, err := process.Predict(0, []string{"next"}); err != nil {
			t.Errorf("the batch after %s failed: %v", text, err)
		}
	}
}

func TestAProcessThatEndsOverABatchHasEndedForAllLanes(t *testing.T) {
	for text, code := range map[string]int{"end": 5, "end in the middle": 6} {
		process := ready(t, 2)
		for _, lane := range []int{0, 0, 1} {
			if got, err := process.Predict(lane, []string{text}); !errors.Is(err, batcher.ErrEnded) || got != nil {
				t.Errorf("%s: got %v, %v, want ErrEnded", text, got, err)
			}
		}
		wantEnd(t, process, code) // Its own, although Predict kills what does not answer.
	}
}

func TestAProcessThatIsKilledHasItsSignalAsExitCode(t *testing.T) {
	process := ready(t, 1)
	process.Kill()
	wantEnd(t, process, -9)
	if _, err := process.Predict(0, []string{"late"}); !errors.Is(err, batcher.ErrEnded) {
		t.Errorf("got %v, want ErrEnded", err)
	}
	process.Kill() // Once more harms nothing.
}

func wantEnd(t *testing.T, process *model.Process, code int) {
	t.Helper()
	<-process.Ended()
	if got := process.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d", got, code)
	}
}

func repeat(text string, times, count int) []string {
	made := make([]string, count)
	for i := range made {
		made[i] = strings.Repeat(text, times)
	}
	return made
}
