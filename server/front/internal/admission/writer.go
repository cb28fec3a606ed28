package admission

import (
	"encoding/binary"
	"net"
	"sync"
)

// writer sends gRPC's bytes, and frames of this package between its frames.
type writer struct {
	raw net.Conn

	mutex sync.Mutex
	own   []byte // Frames that wait for the end of gRPC's present one, or for flush.

	head  []byte // Of gRPC's present frame, as far as it has come.
	left  int    // Of that frame's payload.
	block bool   // Whether frames of a block of headers are still to come.
}

// refuse ends a call, as soon as flush or write can.
func (w *writer) refuse(stream uint32, block []byte, ended bool) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.own = appendBlock(w.own, stream, block, endStream)
	if !ended { // The caller need not send the rest.
		w.own = head{4, resetStream, 0, stream}.append(w.own)
		w.own = binary.BigEndian.AppendUint32(w.own, noError)
	}
}

// send adds a frame, as refuse does.
func (w *writer) send(head head, payload []byte) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.own = append(head.append(w.own), payload...)
}

// flush sends what waits, if gRPC is between two frames; else the write that ends its present one does.
func (w *writer) flush() error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.flushed()
}

func (w *writer) flushed() error {
	if len(w.own) == 0 || !w.between() {
		return nil
	}
	_, err := w.raw.Write(w.own)
	w.own = kept(w.own)
	return err
}

func (w *writer) write(data []byte) (int, error) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	together, before := data, 0
	if len(w.own) > 0 && w.between() {
		before = len(w.own)
		together = append(w.own, data...)
		w.own = kept(together)
	}
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
