package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// server is a process to measure, Carebase or one to compare it with.
type server struct {
	process *exec.Cmd
	origin  string
	// started is how long it took to the first answer.
	started time.Duration
}

// build builds a command of this module.
func build(ctx context.Context, directory, command string) (string, error) {
	binary := filepath.Join(directory, filepath.Base(command))
	output, err := exec.CommandContext(ctx, "go", "build", "-o", binary, command).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s does not build: %w: %s", command, err, output)
	}
	return binary, nil
}

// startServer waits for the banner, which names the origin.
func startServer(binary, directory string, environment ...string) (*server, error) {
	begun := time.Now()
	process := exec.Command(binary, "serve")
	process.Dir = directory
	process.Env = append([]string{"HTTP_ADDR=127.0.0.1:0", "THROTTLE=False", "PATH=" + os.Getenv("PATH"), "HOME=" + directory}, environment...)
	// What it logs is not for the tables; it is shown if the server does not start.
	var log bytes.Buffer
	process.Stderr = &log
	output, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := process.Start(); err != nil {
		return nil, err
	}
	watchdog := time.AfterFunc(time.Minute, func() { _ = process.Process.Kill() })
	defer watchdog.Stop()
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "Console"); ok {
			go func() { _, _ = io.Copy(io.Discard, output) }() // until the process ends
			started := &server{process: process, origin: strings.TrimSuffix(strings.TrimSpace(rest), "/")}
			err := started.awaitAnswer()
			started.started = time.Since(begun)
			return started, err
		}
	}
	return nil, errors.Join(errors.New("the server did not start"), process.Wait(), errors.New(log.String()))
}

func (s *server) stop() error {
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	err := s.process.Wait()
	if status, ok := s.process.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signal() == syscall.SIGTERM {
		return nil // it does not catch the signal
	}
	return err
}
