"""Readings and words of place names that a general dictionary gets wrong or does not have.

The facts are public (readings in 现代汉语词典, English names as the authorities use them); the lists are our own.
"""

from __future__ import annotations

#: how a character reads in place names, where a general dictionary's first reading is another
CHARACTERS = {
    "长": "chang", "什": "shi", "朝": "chao", "都": "du", "重": "chong", "堡": "bao", "仇": "qiu", "藏": "zang",
    "伽": "jia", "漯": "luo", "覃": "qin", "乐": "le", "行": "xing", "会": "hui", "佛": "fo", "勒": "le", "埔": "pu",
    "泊": "bo", "曾": "zeng", "厦": "xia", "蚌": "beng", "还": "huan", "畜": "xu", "茄": "qie", "翟": "zhai",
    "坻": "di", "牟": "mu", "柞": "zuo", "勐": "meng", "弄": "nong", "卜": "bu", "杉": "shan", "豉": "chi",
    "术": "shu", "劲": "jing", "槟": "bing", "番": "fan", "不": "bu", "垌": "dong", "厝": "cuo", "峒": "dong",
    "崴": "wai", "莎": "sha", "娜": "na", "琅": "lang", "硐": "dong", "垭": "ya", "塆": "wan", "畈": "fan",
    "〇": "ling", "０": "0", "参": "shen", "颉": "jie", "率": "lü", "虾": "xia", "贾": "jia", "糜": "mi",
}  # fmt: skip

#: words whose reading is not that of their characters
WORDS = {
    "重阳": "chong yang", "重点": "zhong dian", "重工": "zhong gong", "重型": "zhong xing", "银行": "yin hang",
    "音乐": "yin yue", "乐清": "yue qing", "乐亭": "lao ting", "礼乐": "li yue", "六安": "lu an", "六合": "lu he",
    "吴堡": "wu bu", "柴沟堡": "chai gou bu", "瓦窑堡": "wa yao bu", "十里堡": "shi li pu", "五里堡": "wu li pu",
    "三里堡": "san li pu", "八里堡": "ba li pu", "七里堡": "qi li pu", "二里堡": "er li pu", "长子县": "zhang zi xian",
    "尉犁": "yu li", "尉迟": "yu chi", "东阿": "dong e", "阿胶": "e jiao", "莘县": "shen xian", "莘庄": "xin zhuang",
    "莘塍": "xin cheng", "铅山": "yan shan", "番禺": "pan yu", "大埔": "da bu", "黄埔": "huang pu", "洪洞": "hong tong",
    "浚县": "xun xian", "郫都": "pi du", "宕昌": "tan chang", "荥经": "ying jing", "荥阳": "xing yang",
    "筠连": "jun lian", "犍为": "qian wei", "蔚县": "yu xian", "蔚州": "yu zhou", "涡阳": "guo yang",
    "监利": "jian li", "会稽": "kuai ji", "浒墅关": "xu shu guan", "太行": "tai hang", "畜牧": "xu mu",
    "单县": "shan xian", "单家": "shan jia", "单庄": "shan zhuang", "单楼": "shan lou", "解家": "xie jia",
    "解庄": "xie zhuang", "解楼": "xie lou", "查家": "zha jia", "区家": "ou jia", "任丘": "ren qiu", "黄陂": "huang pi",
    "马圈": "ma juan", "羊圈": "yang juan", "牛圈": "niu juan", "圈门": "juan men", "卡子": "qia zi", "关卡": "guan qia",
    "里长": "li zhang", "县长": "xian zhang", "镇长": "zhen zhang", "长官": "zhang guan", "长老": "zhang lao",
    "校场": "jiao chang", "教场": "jiao chang", "龟兹": "qiu ci", "般若": "bo re", "中牟": "zhong mu",
    "牟定": "mou ding", "牟家": "mou jia", "枞阳": "zong yang", "泌阳": "bi yang", "台州": "tai zhou",
    "天台": "tian tai", "猇亭": "xiao ting", "珲春": "hun chun", "若羌": "ruo qiang", "喀什": "ka shi",
    "乌什": "wu shi", "吐鲁番": "tu lu fan", "且末": "qie mo", "磨丁": "mo ding", "疏勒": "shu le", "丽水": "li shui",
    "句容": "ju rong", "歙县": "she xian", "砀山": "dang shan", "甪直": "lu zhi", "盱眙": "xu yi", "邗江": "han jiang",
    "亳州": "bo zhou", "郯城": "tan cheng", "鄄城": "juan cheng", "茌平": "chi ping", "井陉": "jing xing",
    "行唐": "xing tang", "柏乡": "bai xiang", "渑池": "mian chi", "武陟": "wu zhi", "长汀": "chang ting",
    "闽侯": "min hou", "番茄": "fan qie", "子长": "zi chang", "儋州": "dan zhou", "湄潭": "mei tan", "阆中": "lang zhong",
    "朴家": "piao jia", "便民": "bian min", "核桃": "he tao", "葡萄": "pu tao", "石榴": "shi liu", "角楼": "jiao lou",
    "大夫": "dai fu", "地窨子": "di yin zi", "碌碡": "liu zhou", "落子": "lao zi",
}  # fmt: skip

#: names that English texts use as they stand (provinces complete; others where plain Pinyin is not the usual form)
ESTABLISHED = {
    "北京市": "Beijing", "天津市": "Tianjin", "河北省": "Hebei", "山西省": "Shanxi", "内蒙古自治区": "Inner Mongolia",
    "辽宁省": "Liaoning", "吉林省": "Jilin", "黑龙江省": "Heilongjiang", "上海市": "Shanghai", "江苏省": "Jiangsu",
    "浙江省": "Zhejiang", "安徽省": "Anhui", "福建省": "Fujian", "江西省": "Jiangxi", "山东省": "Shandong",
    "河南省": "Henan", "湖北省": "Hubei", "湖南省": "Hunan", "广东省": "Guangdong", "广西壮族自治区": "Guangxi",
    "海南省": "Hainan", "重庆市": "Chongqing", "四川省": "Sichuan", "贵州省": "Guizhou", "云南省": "Yunnan",
    "西藏自治区": "Xizang", "陕西省": "Shaanxi", "甘肃省": "Gansu", "青海省": "Qinghai", "宁夏回族自治区": "Ningxia",
    "新疆维吾尔自治区": "Xinjiang", "呼和浩特市": "Hohhot", "包头市": "Baotou", "鄂尔多斯市": "Ordos",
    "呼伦贝尔市": "Hulunbuir", "巴彦淖尔市": "Bayannur", "乌兰察布市": "Ulanqab", "兴安盟": "Hinggan",
    "锡林郭勒盟": "Xilingol", "阿拉善盟": "Alxa", "哈尔滨市": "Harbin", "齐齐哈尔市": "Qiqihar",
    "乌鲁木齐市": "Urumqi", "克拉玛依市": "Karamay", "吐鲁番市": "Turpan", "哈密市": "Hami",
    "昌吉回族自治州": "Changji", "博尔塔拉蒙古自治州": "Bortala", "巴音郭楞蒙古自治州": "Bayingolin",
    "阿克苏地区": "Aksu", "克孜勒苏柯尔克孜自治州": "Kizilsu", "喀什地区": "Kashgar", "和田地区": "Hotan",
    "伊犁哈萨克自治州": "Ili", "塔城地区": "Tacheng", "阿勒泰地区": "Altay", "拉萨市": "Lhasa",
    "日喀则市": "Xigaze", "那曲市": "Nagqu", "昌都市": "Qamdo", "林芝市": "Nyingchi", "山南市": "Shannan",
    "阿里地区": "Ngari", "阿坝藏族羌族自治州": "Aba", "甘孜藏族自治州": "Garze", "迪庆藏族自治州": "Diqing",
    "果洛藏族自治州": "Golog", "玉树藏族自治州": "Yushu", "德宏傣族景颇族自治州": "Dehong",
    "西双版纳傣族自治州": "Xishuangbanna", "延边朝鲜族自治州": "Yanbian",
    "大兴安岭地区": "Da Hinggan Ling", "东乡族自治县": "Dongxiang", "喀喇沁左翼蒙古族自治县": "Harqin Zuoyi",
}  # fmt: skip

PLACEHOLDERS = {
    "市辖区": "Districts of the municipality",
    "县": "Counties of the municipality",
    "省直辖县级行政区划": "Divisions directly under the province",
    "自治区直辖县级行政区划": "Divisions directly under the region",
}

_NATIONS = {
    "维吾尔": "Uygur", "蒙古": "Mongol", "回": "Hui", "藏": "Tibetan", "苗": "Miao", "侗": "Dong", "彝": "Yi",
    "壮": "Zhuang", "布依": "Bouyei", "朝鲜": "Korean", "满": "Manchu", "瑶": "Yao", "白": "Bai", "土家": "Tujia",
    "哈尼": "Hani", "哈萨克": "Kazak", "傣": "Dai", "黎": "Li", "傈僳": "Lisu", "佤": "Va", "畲": "She",
    "拉祜": "Lahu", "水": "Sui", "东乡": "Dongxiang", "纳西": "Naxi", "景颇": "Jingpo", "柯尔克孜": "Kirgiz",
    "土": "Tu", "达斡尔": "Daur", "仫佬": "Mulao", "羌": "Qiang", "布朗": "Blang", "撒拉": "Salar",
    "毛南": "Maonan", "仡佬": "Gelao", "锡伯": "Xibe", "阿昌": "Achang", "普米": "Pumi", "塔吉克": "Tajik",
    "怒": "Nu", "乌孜别克": "Ozbek", "俄罗斯": "Russian", "鄂温克": "Ewenki", "德昂": "De'ang", "保安": "Bonan",
    "裕固": "Yugur", "独龙": "Derung", "鄂伦春": "Oroqen", "赫哲": "Hezhen", "门巴": "Monba", "珞巴": "Lhoba",
    "基诺": "Jino", "京": "Gin", "塔塔尔": "Tatar", "各": "Multi-ethnic",
}  # fmt: skip
#: these also stand without 族
_WITHOUT_SUFFIX = ("维吾尔", "蒙古", "哈萨克", "柯尔克孜", "塔吉克", "锡伯", "乌孜别克", "达斡尔", "鄂温克", "鄂伦春")
NATIONS = sorted(
    [(f"{name}族", english) for name, english in _NATIONS.items()]
    + [(name, _NATIONS[name]) for name in _WITHOUT_SUFFIX],
    key=lambda pair: -len(pair[0]),
)

#: generic parts before which nationalities stand; with one, a township is an ethnic township
ETHNIC_GENERIC = {
    "自治州": "Autonomous Prefecture",
    "自治县": "Autonomous County",
    "自治旗": "Autonomous Banner",
    "乡": "Ethnic Township",
    "民族乡": "Ethnic Township",
    "镇": "Ethnic Town",
}

#: generic parts by level, with their English
_GENERIC: dict[int, dict[str, str]] = {
    1: {"省": "", "市": "", "自治区": ""},
    2: {
        "自治州": "Autonomous Prefecture",
        "地区": "Prefecture",
        "盟": "League",
        "市": "City",
    },
    3: {
        "自治县": "Autonomous County",
        "自治旗": "Autonomous Banner",
        "左翼前旗": "Left Front Banner",
        "左翼中旗": "Left Middle Banner",
        "左翼后旗": "Left Rear Banner",
        "右翼前旗": "Right Front Banner",
        "右翼中旗": "Right Middle Banner",
        "右翼后旗": "Right Rear Banner",
        "左旗": "Left Banner",
        "右旗": "Right Banner",
        "前旗": "Front Banner",
        "中旗": "Middle Banner",
        "后旗": "Rear Banner",
        "联合旗": "United Banner",
        "旗": "Banner",
        "县": "County",
        "市": "City",
        "区": "District",
        "特区": "Special District",
        "林区": "Forestry District",
        "新区": "New Area",
        "矿区": "Mining District",
        "管理区": "Management Area",
        "管理区管委会": "Management Area",
        "经济技术开发区": "Economic and Technological Development Zone",
        "高新技术产业开发区": "High-tech Industrial Development Zone",
        "经济开发区": "Economic Development Zone",
        "开发区": "Development Zone",
        "工业园区": "Industrial Park",
        "风景名胜区": "Scenic Area",
        "行政委员会": "Administrative Committee",
        "群岛": "Islands",
    },
    4: {
        "民族乡": "Ethnic Township",
        "街道": "Subdistrict",
        "街道办事处": "Subdistrict",
        "地区办事处": "Area Office",
        "镇": "Town",
        "乡": "Township",
        "苏木": "Sumu",
        "农场": "Farm",
        "林场": "Forest Farm",
        "牧场": "Ranch",
        "种畜场": "Stud Farm",
        "园艺场": "Horticultural Farm",
        "良种场": "Seed Farm",
        "渔场": "Fishery",
        "水库": "Reservoir",
        "监狱": "Prison",
        "开发区": "Development Zone",
        "经济开发区": "Economic Development Zone",
        "经济技术开发区": "Economic and Technological Development Zone",
        "高新技术产业开发区": "High-tech Industrial Development Zone",
        "工业园区": "Industrial Park",
        "产业园区": "Industrial Park",
        "工业园": "Industrial Park",
        "产业园": "Industrial Park",
        "园区": "Park",
        "管理区": "Management Area",
        "管委会": "Management Committee",
        "管理委员会": "Management Committee",
        "林业局": "Forestry Bureau",
        "新区": "New Area",
    },
    5: {
        "村": "Village",
        "社区": "Community",
        "居委会": "Neighbourhood",
        "嘎查": "Gacha",
        "牧民村": "Herders' Village",
        "生活区": "Residential Area",
        "虚拟生活区": "Nominal Residential Area",
        "虚拟社区": "Nominal Community",
        "管理区": "Management Area",
        "小区": "Estate",
        "街区": "Block",
        "生产队": "Production Team",
        "农场": "Farm",
        "林场": "Forest Farm",
        "牧场": "Ranch",
        "渔场": "Fishery",
        "分场": "Branch Farm",
        "园区": "Park",
        "工业园": "Industrial Park",
        "作业区": "Work Area",
        "管委会": "Management Committee",
    },
}


def _by_last_character(words: dict[str, str]) -> dict[str, list[tuple[str, str]]]:
    table: dict[str, list[tuple[str, str]]] = {}
    for word in sorted(words, key=len, reverse=True):
        table.setdefault(word[-1], []).append((word, words[word]))
    return table


#: level -> last character -> generic parts, longest first
GENERIC = {level: _by_last_character(words) for level, words in _GENERIC.items()}

#: first character -> words, longest first
WORDS_BY_FIRST: dict[str, list[str]] = {}
for _word in sorted(WORDS, key=len, reverse=True):
    WORDS_BY_FIRST.setdefault(_word[0], []).append(_word)
