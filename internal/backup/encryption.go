package backup

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
)

const (
	// encryptedSuffix ends the name of an encrypted backup.
	encryptedSuffix = ".age"
	// encryptedPrefix starts the contents of an encrypted backup.
	encryptedPrefix = "age-encryption.org/"
	// maxIdentities limits the size of a file with identities, in bytes.
	maxIdentities = 1 << 20
)

// ErrEncrypted means that a backup is encrypted and there is no identity.
var ErrEncrypted = errors.New("the backup is encrypted")

// nameFor returns the name of a backup, given one that ends in .zip.
func nameFor(name string, recipient age.Recipient) string {
	if recipient == nil || strings.HasSuffix(name, encryptedSuffix) {
		return name
	}
	return name + encryptedSuffix
}

// ReadIdentities reads the identities (private keys) in a file as age-keygen writes it.
func ReadIdentities(path string) ([]age.Identity, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	identities, err := age.ParseIdentities(io.LimitReader(file, maxIdentities))
	if err != nil {
		return nil, fmt.Errorf("%s is not a file with age identities, as age-keygen writes it", path) // the error may quote a key
	}
	return identities, nil
}

// archiveOutput is an archive file that is being written.
type archiveOutput struct {
	*sealWriter
	file      *os.File
	encrypted io.WriteCloser // nil without a recipient
}

// newOutput creates an archive file. What is written to it is encrypted to the
// recipient, unless that is nil.
func newOutput(path string, recipient age.Recipient) (*archiveOutput, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil || recipient == nil {
		return &archiveOutput{sealWriter: newSealWriter(file), file: file}, err
	}
	encrypted, err := age.Encrypt(file, recipient)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &archiveOutput{sealWriter: newSealWriter(encrypted), file: file, encrypted: encrypted}, nil
}

// finish completes the file, unless writing to it failed, and closes it.
func (o *archiveOutput) finish(err error) error {
	if err == nil {
		err = o.seal()
	}
	if err == nil && o.encrypted != nil {
		err = o.encrypted.Close()
	}
	if err == nil {
		err = o.file.Sync()
	}
	return errors.Join(err, o.file.Close())
}

// archiveFile is an open archive. Reading it decrypts and authenticates it.
type archiveFile struct {
	*zip.Reader
	content io.ReaderAt
	size    int64
	file    *os.File
}

// openArchive opens an archive, which the identities decrypt if it is encrypted.
func openArchive(path string, identities []age.Identity) (*archiveFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	opened := &archiveFile{content: file, size: info.Size(), file: file}
	if err := opened.decrypt(identities); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if opened.Reader, err = zip.NewReader(opened.content, opened.size); err != nil {
		return nil, errors.Join(damaged(err), file.Close())
	}
	return opened, nil
}

// decrypt replaces the content of an encrypted archive by its plain text.
func (a *archiveFile) decrypt(identities []age.Identity) error {
	beginning := make([]byte, len(encryptedPrefix))
	if _, err := a.content.ReadAt(beginning, 0); err != nil || !bytes.Equal(beginning, []byte(encryptedPrefix)) {
		return nil // a zip file, or too short for anything
	}
	if len(identities) == 0 {
		return ErrEncrypted
	}
	content, size, err := age.DecryptReaderAt(a.content, a.size, identities...)
	var mismatch *age.NoIdentityMatchError
	switch {
	case errors.As(err, &mismatch):
		return errors.New("the backup is encrypted to another recipient: the identity does not decrypt it")
	case err != nil:
		return damaged(err)
	}
	a.content, a.size = content, size
	return nil
}

func (a *archiveFile) close() error { return a.file.Close() }

func damaged(err error) error { return fmt.Errorf("the backup is damaged: %w", err) }
