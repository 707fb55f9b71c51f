package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
)

// The last bytes of an archive, in the zip file's comment, are the SHA-256 of all
// bytes before them, which detects every change of a bit.
const (
	sealPrefix = "sha256:"
	sealLength = 2 * sha256.Size
)

var errSeal = errors.New("the backup is damaged, incomplete or not made by Carebase: its contents do not match the checksum at its end")

// seal writes the checksum of an archive at its end.
func seal(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	sum, _, err := readSeal(file)
	if err == nil {
		_, err = file.Seek(-sealLength, io.SeekEnd)
	}
	if err == nil {
		_, err = file.WriteString(sum)
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// checkSeal compares a whole archive with the checksum at its end.
func checkSeal(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	sum, noted, err := readSeal(file)
	if err != nil {
		return err
	}
	if sum != noted {
		return errSeal
	}
	return nil
}

// readSeal computes the checksum of an archive, and reads the one at its end.
func readSeal(file *os.File) (sum, noted string, err error) {
	info, err := file.Stat()
	if err != nil {
		return "", "", err
	}
	if info.Size() < sealLength {
		return "", "", errSeal
	}
	digest := sha256.New()
	if _, err := io.CopyN(digest, file, info.Size()-sealLength); err != nil {
		return "", "", err
	}
	rest, err := io.ReadAll(io.LimitReader(file, sealLength))
	return hex.EncodeToString(digest.Sum(nil)), string(rest), err
}
