//! A shapefile in a ZIP file.
use super::bytes::Bytes;
use crate::Error;
use crate::error::short;

/// Bytes of a member at most: the limit of shapefiles.
const MAX_BYTES: usize = 1 << 31;
const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);

/// A member as the directory at the end of the file has it.
struct Member<'a> {
    name: String,
    method: usize,
    flags: usize,
    sum: u32,
    packed: usize,
    size: usize,
    header: usize,
    file: Bytes<'a>,
}

/// The bytes of the one member `.shp`, and those of the `.prj` beside it.
pub(super) fn shapefile(bytes: &[u8]) -> Result<(Vec<u8>, Option<Vec<u8>>), Error> {
    let members = directory(Bytes(bytes)).ok_or_else(|| Error::format("ZIP", "it is no ZIP file, or broken"))?;
    let lower = |member: &Member<'_>| member.name.to_ascii_lowercase();
    let mut shapes =
        members.iter().filter(|member| lower(member).ends_with(".shp") && !member.name.contains("__MACOSX"));
    let shape = match (shapes.next(), shapes.next()) {
        (Some(shape), None) => shape,
        (None, _) => return Err(Error::format("ZIP", "it holds no shapefile (.shp)")),
        (Some(one), Some(other)) => {
            let (one, other) = (short(&one.name), short(&other.name));
            return Err(Error::format("ZIP", format!("it holds several shapefiles, {one} and {other}: unpack one")));
        }
    };
    let wanted = lower(shape).strip_suffix("shp").map(|stem| format!("{stem}prj"));
    let projection = members.iter().find(|member| Some(lower(member)) == wanted);
    Ok((shape.content()?, projection.map(Member::content).transpose()?))
}

fn directory(file: Bytes<'_>) -> Option<Vec<Member<'_>>> {
    // The end record is followed by a comment of at most 65,535 bytes.
    let last = file.0.len().checked_sub(22)?;
    let end = (last.saturating_sub(65_535)..=last).rev().find(|&at| file.array(at) == Some(*b"PK\x05\x06"))?;
    let (count, mut at) = (file.u16(end + 10)?, file.u32(end + 16)?);
    let mut members = Vec::new();
    for _ in 0..count {
        if file.array(at) != Some(*b"PK\x01\x02") {
            return None;
        }
        let name = file.u16(at + 28)?;
        members.push(Member {
            name: String::from_utf8_lossy(file.slice(at + 46, name)?).into_owned(),
            method: file.u16(at + 10)?,
            flags: file.u16(at + 8)?,
            sum: u32::from_le_bytes(file.array(at + 16)?),
            packed: file.u32(at + 20)?,
            size: file.u32(at + 24)?,
            header: file.u32(at + 42)?,
            file,
        });
        at += 46 + name + file.u16(at + 30)? + file.u16(at + 32)?;
    }
    Some(members)
}

impl Member<'_> {
    fn content(&self) -> Result<Vec<u8>, Error> {
        let bad = |why: &str| Error::format(format!("ZIP, {}", short(&self.name)), why);
        let file = self.file;
        let begin = || Some(self.header + 30 + file.u16(self.header + 26)? + file.u16(self.header + 28)?);
        let packed = begin().and_then(|begin| file.slice(begin, self.packed)).ok_or_else(|| bad("it is cut off"))?;
        if self.flags & 1 != 0 {
            return Err(bad("it is encrypted: unpack it"));
        }
        let content = match self.method {
            0 => packed.to_vec(),
            8 => miniz_oxide::inflate::decompress_to_vec_with_limit(packed, self.size.min(MAX_BYTES))
                .map_err(|_| bad("its compressed bytes are broken"))?,
            method => return Err(bad(&format!("its compression (method {method}) is not read: unpack it"))),
        };
        if content.len() != self.size || CRC.checksum(&content) != self.sum {
            return Err(bad("its checksum is wrong"));
        }
        Ok(content)
    }
}
