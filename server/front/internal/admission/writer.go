package admission

import (
	"encoding/binary"
	"net"
	"sync"
)

// writer sends gRPC's bytes, and refusals between its frames.
type writer struct {
	raw net.Conn

	mutex    sync.Mutex
	refusals []byte

	head  []byte // Of gRPC's present frame, as far as it has come.
	left  int    // Of that frame's payload.
	block bool   // Whether frames of a block of headers are still to come.
}

// refuse ends a call; flush sends that, unless write does before.
func (w *writer) refuse(stream uint32, block []byte, ended bool) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.refusals = appendBlock(w.refusals, stream, block, endStream)
	if !ended { // The caller need not send the rest.
		w.refusals = head{4, resetStream, 0, stream}.append(w.refusals)
		w.refusals = binary.BigEndian.AppendUint32(w.refusals, 0)
	}
}

// free lets the caller send so many more bytes; flush or write sends that.
func (w *writer) free(count int) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.refusals = head{4, windowUpdate, 0, 0}.append(w.refusals)
	w.refusals = binary.BigEndian.AppendUint32(w.refusals, uint32(count))
}

func (w *writer) flush() error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.flushed()
}

func (w *writer) flushed() error {
	if len(w.refusals) == 0 || !w.between() {
		return nil
	}
	_, err := w.raw.Write(w.refusals)
	w.refusals = w.refusals[:0]
	return err
}

func (w *writer) write(data []byte) (int, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	together := data
	if before := len(w.refusals); before > 0 && w.between() {
		w.refusals = append(w.refusals, data...)
		together, w.refusals = w.refusals, w.refusals[:0]
	}
	before := len(together) - len(data)
	sent, err := w.raw.Write(together)
	if err != nil {
		return max(sent-before, 0), err
	}
	w.follow(data)
	return len(data), w.flushed()
}

// between says whether a frame may come before gRPC's next byte.
func (w *writer) between() bool {
	return len(w.head) == 0 && w.left == 0 && !w.block
}

func (w *writer) follow(data []byte) {
	for len(data) > 0 {
		if w.left > 0 {
			count := min(w.left, len(data))
			data, w.left = data[count:], w.left-count
			continue
		}
		count := min(headSize-len(w.head), len(data))
		w.head = append(w.head, data[:count]...)
		data = data[count:]
		if len(w.head) == headSize {
			head := readHead(w.head)
			w.head, w.left = w.head[:0], head.length
			if head.kind == headers || head.kind == continuation {
				w.block = !head.has(endHeaders)
			}
		}
	}
}
