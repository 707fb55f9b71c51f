package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
)

// The last bytes of an archive, in the zip file's comment, are the SHA-256 of all
// bytes before them, which detects every change of a bit.
const (
	sealPrefix = "sha256:"
	sealLength = 2 * sha256.Size
)

var errSeal = errors.New("the backup is damaged, incomplete or not made by Carebase: its contents do not match the checksum at its end")

// sealWriter replaces the last sealLength bytes that are written to it by the checksum
// of those before them.
type sealWriter struct {
	out    io.Writer
	digest hash.Hash
	held   []byte // the last bytes so far
}

func newSealWriter(out io.Writer) *sealWriter { return &sealWriter{out: out, digest: sha256.New()} }

func (w *sealWriter) Write(data []byte) (int, error) {
	w.held = append(w.held, data...)
	ready := len(w.held) - sealLength
	if ready <= 0 {
		return len(data), nil
	}
	w.digest.Write(w.held[:ready])
	if _, err := w.out.Write(w.held[:ready]); err != nil {
		return 0, err
	}
	w.held = append(w.held[:0], w.held[ready:]...)
	return len(data), nil
}

// seal writes the checksum.
func (w *sealWriter) seal() error {
	_, err := io.WriteString(w.out, hex.EncodeToString(w.digest.Sum(nil)))
	return err
}

// checkSeal compares a whole archive with the checksum at its end.
func checkSeal(content io.ReaderAt, size int64) error {
	if size < sealLength {
		return errSeal
	}
	source, digest := io.NewSectionReader(content, 0, size), sha256.New()
	if _, err := io.CopyN(digest, source, size-sealLength); err != nil {
		return damaged(err)
	}
	noted, err := io.ReadAll(source)
	if err != nil {
		return damaged(err)
	}
	if hex.EncodeToString(digest.Sum(nil)) != string(noted) {
		return errSeal
	}
	return nil
}
