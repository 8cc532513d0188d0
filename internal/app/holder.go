package app

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// holder names this process among all that share a store: where its number means something, the number, and when it began.
func holder(now time.Time) string {
	return fmt.Sprintf("%s/%d/%x", machine(), os.Getpid(), now.UnixNano())
}

// machine is where the numbers of processes mean the same. Containers have numbers of their own, often under one name;
// Linux tells them apart.
func machine() string {
	host, _ := os.Hostname()
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	numbers, also := os.Readlink("/proc/self/ns/pid")
	if err != nil || also != nil {
		return cmp.Or(host, "cairn")
	}
	h := fnv.New32a()
	_, _ = h.Write(append(boot, numbers...)) // it cannot fail
	return fmt.Sprintf("%s-%08x", cmp.Or(host, "cairn"), h.Sum32())
}

// dead tells whether a process is known to have ended, by its name as a holder. Of those of other machines nobody knows.
func dead(name string) bool {
	rest, here := strings.CutPrefix(name, machine()+"/")
	number, _, ok := strings.Cut(rest, "/")
	pid, err := strconv.Atoi(number)
	if !here || !ok || err != nil || pid == os.Getpid() {
		return false
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return true
	}
	err = p.Signal(syscall.Signal(0))
	return errors.Is(err, os.ErrProcessDone) || errors.Is(err, syscall.ESRCH)
}
