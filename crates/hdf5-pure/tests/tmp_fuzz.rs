#[path="reader/support.rs"] #[allow(dead_code)] mod support;
#[path="reader/malformed.rs"] #[allow(dead_code)] mod malformed;
#[test] fn fuzz() {
  let mut x = 0x1234567887654321u64;
  let mut rnd = move |n: usize| { x ^= x<<13; x ^= x>>7; x ^= x<<17; (x % n.max(1) as u64) as usize };
  let mut files = vec![];
  for d in ["../../../shared/data/hdf5/files","../../../shared/data/hdf5/malformed","tests/fixtures"] { for e in std::fs::read_dir(d).unwrap() { let p = e.unwrap().path(); let b = std::fs::read(&p).unwrap(); if b.len() < 60_000 { files.push((p,b)); } } }
  let t0 = std::time::Instant::now(); let mut n = 0;
  while t0.elapsed().as_secs() < 100 {
    let (p, b) = &files[rnd(files.len())]; let mut b = b.clone(); if b.is_empty() { continue }
    for _ in 0..1+rnd(6) { let m = if rnd(2)==0 { b.len().min(3000) } else { b.len() }; let at = rnd(m); b[at] = match rnd(4) {0=>0xff,1=>0,2=>b[at].wrapping_add(1),_=>rnd(256) as u8}; }
    let t = std::time::Instant::now();
    malformed::exhaust(b);
    if t.elapsed().as_millis() > 1500 { println!("slow {:?} {p:?}", t.elapsed()); }
    n += 1;
  }
  println!("{n} runs");
}
