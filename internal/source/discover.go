package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"sync"
	"time"
)

// maxFolders bounds what is listed below one folder: more accounts than an organization has, by far.
const maxFolders = 50_000

// discover finds the folders of accounts, kinds and Regions. Those that are known already stay.
func (b *bucket) discover(ctx context.Context, now time.Time) {
	found := b.folders(ctx, b.root())
	var accounts []string
	for _, folder := range found.list {
		switch name := path.Base(folder); {
		case accountNumber.MatchString(name):
			accounts = append(accounts, folder)
		case organization.MatchString(name):
			below := b.folders(ctx, folder)
			found.whole = found.whole && below.whole
			for _, folder := range below.list {
				if accountNumber.MatchString(path.Base(folder)) {
					accounts = append(accounts, folder)
				}
			}
		}
	}
	known := map[string]bool{}
	for _, s := range b.shelves {
		known[s.prefix] = true
	}
	whole := found.whole
	for _, one := range b.regions(ctx, accounts, &whole) {
		if !known[one.prefix] {
			b.shelves = append(b.shelves, newShelf(b, one))
		}
	}
	slices.SortFunc(b.shelves, func(x, y *shelf) int { return cmp.Compare(x.prefix, y.prefix) })
	if !whole {
		return // and again at the next pass
	}
	p := Problem{Name: "s3://" + b.Name + "/" + b.root()}
	if len(b.shelves) == 0 {
		p.Err = errors.New("there is no log file of any account: see which prefix the trail writes to (aws cloudtrail describe-trails)")
	} else {
		b.discovered = now
	}
	b.told.set(p)
}

// regions are the folders of the accounts' kinds and Regions.
func (b *bucket) regions(ctx context.Context, accounts []string, whole *bool) []logFolder {
	var mu sync.Mutex
	var all []logFolder
	slots := make(chan struct{}, b.Workers)
	var wg sync.WaitGroup
	for _, account := range accounts {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			kinds := b.folders(ctx, account)
			ok, mine := kinds.whole, []logFolder(nil)
			for _, folder := range kinds.list {
				kind := path.Base(folder)
				if !slices.Contains(recordKinds, kind) {
					continue
				}
				regions := b.folders(ctx, folder)
				ok = ok && regions.whole
				for _, region := range regions.list {
					mine = append(mine, logFolder{region, path.Base(account), kind, path.Base(region)})
				}
			}
			mu.Lock()
			defer mu.Unlock()
			*whole = *whole && ok
			all = append(all, mine...)
		})
	}
	wg.Wait()
	return all
}

type folderList struct {
	list  []string
	whole bool
}

// folders are those directly below a folder.
func (b *bucket) folders(ctx context.Context, prefix string) folderList {
	var out folderList
	out.whole = b.list(ctx, Listing{Prefix: prefix, Delimiter: "/"}, func(p Page) bool {
		out.list = append(out.list, p.Folders...)
		return ctx.Err() == nil && len(out.list) <= maxFolders
	})
	name := "folders of s3://" + b.Name + "/" + prefix
	if len(out.list) > maxFolders {
		b.told.set(Problem{Name: name, Err: fmt.Errorf("more than %d, and the others are not read", maxFolders)})
		out.list = out.list[:maxFolders]
	}
	return out
}
