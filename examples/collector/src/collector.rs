//! The collector as its two ports share it: the book under its lock, and the signals that tell who waits on it.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::{broadcast, watch};

use crate::exchange::{Arrival, Book, Verdict};
use crate::moment::Moment;
use crate::pages::{PageBoard, PageReport};
use crate::rows::Row;
use crate::tally::Stats;

/// Messages that a slow inspector page may lag behind before it has to load the rows again.
const NEWS_CAPACITY: usize = 4096;

/// One message of the live stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct News {
    /// The type of the server-sent event. Rows have none, which makes them plain messages.
    pub(crate) name: Option<&'static str>,
    pub(crate) data: String,
}

/// What the connection of a request has to do, with the signal it has to wait for.
#[derive(Debug)]
pub(crate) enum Delivery {
    Now(Verdict),
    AfterReset(watch::Receiver<u64>),
    AfterRelease(Verdict, watch::Receiver<u64>),
}

#[derive(Debug)]
pub(crate) struct Collector {
    book: Mutex<Book>,
    /// Counts every change of the statistics.
    revision: watch::Sender<u64>,
    releases: watch::Sender<u64>,
    resets: watch::Sender<u64>,
    news: broadcast::Sender<News>,
}

impl Collector {
    pub(crate) fn open(file: Option<&Path>) -> rusqlite::Result<Self> {
        Ok(Self {
            book: Mutex::new(Book::open(file)?),
            revision: watch::Sender::new(0),
            releases: watch::Sender::new(0),
            resets: watch::Sender::new(0),
            news: broadcast::Sender::new(NEWS_CAPACITY),
        })
    }

    /// The book for as long as the guard lives. A panic of another holder leaves it readable.
    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn receive(&self, arrival: &Arrival) -> Delivery {
        let mut book = self.book();
        let (verdict, rows) = book.exchange(arrival);
        // The signals are taken before anyone can learn of the request, so that no release is missed.
        let delivery = match verdict {
            Verdict::Hang => Delivery::AfterReset(self.resets.subscribe()),
            Verdict::Hold(..) => Delivery::AfterRelease(verdict, self.releases.subscribe()),
            Verdict::Answer(_) | Verdict::Cut => Delivery::Now(verdict),
        };
        self.publish(&book, &rows);
        delivery
    }

    /// Notes that a held answer goes out now.
    pub(crate) fn answered(&self, seq: u64, status: u16) {
        self.book().requests.answered(seq, status);
    }

    /// Notes what a page says of itself.
    pub(crate) fn hear(&self, report: PageReport) {
        let mut book = self.book();
        if book.pages.take(report, Moment::now()) {
            self.send(&News::pages(&book.pages));
        }
    }

    pub(crate) fn release(&self) {
        self.releases.send_modify(|count| *count += 1);
    }

    /// Forgets everything, lets held answers go and ends requests that hang.
    pub(crate) fn reset(&self) -> rusqlite::Result<()> {
        let mut book = self.book();
        book.reset()?;
        self.send(&News { name: Some("reset"), data: "{}".to_owned() });
        self.publish(&book, &[]);
        self.resets.send_modify(|count| *count += 1);
        self.release();
        Ok(())
    }

    pub(crate) fn stats(&self) -> Stats {
        self.book().tally.stats()
    }

    pub(crate) fn revision(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// The statistics as they are, and everything that follows them.
    pub(crate) fn follow(&self) -> (News, broadcast::Receiver<News>) {
        let book = self.book();
        (News::stats(&book.tally.stats()), self.news.subscribe())
    }

    fn publish(&self, book: &Book, rows: &[Row]) {
        self.revision.send_modify(|count| *count += 1);
        // Nobody is watching most of the time, and a row is as long as its event.
        if self.news.receiver_count() == 0 {
            return;
        }
        let stats = News::stats(&book.tally.stats());
        for row in rows {
            self.send(&News::row(row));
            self.send(&stats);
        }
        if rows.is_empty() {
            self.send(&stats);
        }
    }

    /// Without receivers a message is simply not needed.
    fn send(&self, news: &News) {
        let _ = self.news.send(news.clone());
    }
}

impl News {
    fn row(row: &Row) -> Self {
        Self { name: None, data: json_of(row) }
    }

    fn stats(stats: &Stats) -> Self {
        Self { name: Some("stats"), data: json_of(stats) }
    }

    fn pages(board: &PageBoard) -> Self {
        Self { name: Some("pages"), data: json_of(board.pages()) }
    }

    /// Tells a page that it missed messages.
    pub(crate) fn lagged() -> Self {
        Self { name: Some("lagged"), data: "{}".to_owned() }
    }
}

fn json_of(value: &impl Serialize) -> String {
    // Rows and statistics have text keys only, for which serialization cannot fail.
    serde_json::to_string(value).unwrap_or_default()
}
